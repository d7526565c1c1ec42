"""What sessions and encoders are told, with stand-ins for both."""

import logging

import pytest

from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.sending.adaptation import Adaptation

FULL, SMALL = Encoding(Codec.H264), Encoding(Codec.H264, Layer.SMALL)


class Session:
    """A viewer whose link allows `rate`."""

    def __init__(self, rate=None, encoding=FULL):
        self.peer_id = 'viewer'
        self.link = BandwidthEstimator()
        self.link.rate = rate
        self.encoding = encoding

    def change_layer(self, layer):
        self.encoding = Encoding(self.encoding.codec, layer)


class Encoders:
    """Notes the limits that it is given."""

    highest_bitrate = 1_000_000

    def __init__(self):
        self.limits = []

    def limit(self, bitrates):
        self.limits.append(dict(bitrates))


@pytest.fixture
def encoders():
    return Encoders()


def test_a_slow_viewer_goes_to_the_small_layer_and_back_and_that_is_told(encoders, caplog):
    caplog.set_level(logging.INFO)
    slow = Session(300e3)
    adaptation = Adaptation(encoders, [slow, Session()], 100_000)
    adaptation.follow()
    assert slow.encoding == SMALL
    slow.link.rate = 800e3
    adaptation.follow()
    assert slow.encoding == FULL
    assert encoders.limits == [{SMALL: 300_000}, {FULL: 800_000}]
    assert [record.getMessage() for record in caplog.records] == [
        'viewer gets half size: its link carries about 300 kbit/s',
        'viewer gets full size: its link carries about 800 kbit/s',
    ]


def test_a_limit_goes_with_the_viewer_that_it_was_for(encoders):
    sessions = [Session(), Session(700e3)]
    adaptation = Adaptation(encoders, sessions, 100_000)
    adaptation.follow()
    sessions.pop()
    adaptation.follow()
    assert encoders.limits == [{FULL: 700_000}, {}]


def test_an_encoder_is_not_told_of_every_bit(encoders):
    session = Session(700e3)
    adaptation = Adaptation(encoders, [session], 100_000)
    for rate in (700e3, 710e3, 770e3, 900e3):
        session.link.rate = rate
        adaptation.follow()
    assert len(encoders.limits) == 3


def test_nothing_is_decided_before_the_first_frame(encoders):
    encoders.highest_bitrate = 0
    session = Session(300e3)
    Adaptation(encoders, [session, Session(encoding=None)], 100_000).follow()
    assert session.encoding == FULL
    assert encoders.limits == []


def test_what_is_passed_through_is_not_made_small(encoders):
    h264, vp8 = Session(300e3), Session(300e3, Encoding(Codec.VP8))
    adaptation = Adaptation(encoders, [h264, vp8], 100_000)
    adaptation.note_passed()
    adaptation.follow()
    assert h264.encoding == FULL
    assert vp8.encoding.layer is Layer.SMALL


def test_a_bit_rate_that_is_fixed_stays(encoders):
    session = Session(300e3)
    Adaptation(encoders, [session], 1_000_000).follow()
    assert session.encoding == FULL
    assert encoders.limits == [{FULL: 1_000_000}]
