"""What sessions and encoders are told, with stand-ins for both."""

import logging

import pytest

from webrtc_bridge.media.bandwidth.estimator import LinkRate
from webrtc_bridge.media.encoded_frame import Codec, Layer, Stream
from webrtc_bridge.sending.adaptation import Adaptation

FULL, SMALL = Stream(Codec.H264), Stream(Codec.H264, Layer.SMALL)


class Session:
    """A viewer whose link allows `rate`."""

    def __init__(self, rate=None, stream=FULL):
        self.peer_id = 'viewer'
        self.link = LinkRate()
        self.link.rate = rate
        self.stream = stream

    def change_layer(self, layer):
        self.stream = Stream(self.stream.codec, layer)


class Encoding:
    """Notes the limits that it is given."""

    highest_bitrate = 1_000_000

    def __init__(self):
        self.limits = []

    def limit(self, bitrates):
        self.limits.append(dict(bitrates))


@pytest.fixture
def encoding():
    return Encoding()


def test_a_slow_viewer_goes_to_the_small_layer_and_back_and_that_is_told(encoding, caplog):
    caplog.set_level(logging.INFO)
    slow = Session(300e3)
    adaptation = Adaptation(encoding, [slow, Session()], 100_000)
    adaptation.follow()
    assert slow.stream == SMALL
    slow.link.rate = 800e3
    adaptation.follow()
    assert slow.stream == FULL
    assert encoding.limits == [{SMALL: 300_000}, {FULL: 800_000}]
    assert [record.getMessage() for record in caplog.records] == [
        'viewer gets half size: its link carries about 300 kbit/s',
        'viewer gets full size: its link carries about 800 kbit/s',
    ]


def test_a_limit_goes_with_the_viewer_that_it_was_for(encoding):
    sessions = [Session(), Session(700e3)]
    adaptation = Adaptation(encoding, sessions, 100_000)
    adaptation.follow()
    sessions.pop()
    adaptation.follow()
    assert encoding.limits == [{FULL: 700_000}, {}]


def test_an_encoder_is_not_told_of_every_bit(encoding):
    session = Session(700e3)
    adaptation = Adaptation(encoding, [session], 100_000)
    for rate in (700e3, 710e3, 770e3, 900e3):
        session.link.rate = rate
        adaptation.follow()
    assert len(encoding.limits) == 3


def test_nothing_is_decided_before_the_first_frame(encoding):
    encoding.highest_bitrate = 0
    session = Session(300e3)
    Adaptation(encoding, [session, Session(stream=None)], 100_000).follow()
    assert session.stream == FULL
    assert encoding.limits == []


def test_what_is_passed_through_is_not_made_small(encoding):
    h264, vp8 = Session(300e3), Session(300e3, Stream(Codec.VP8))
    adaptation = Adaptation(encoding, [h264, vp8], 100_000)
    adaptation.note_passed()
    adaptation.follow()
    assert h264.stream == FULL
    assert vp8.stream.layer is Layer.SMALL


def test_a_bit_rate_that_is_fixed_stays(encoding):
    session = Session(300e3)
    Adaptation(encoding, [session], 1_000_000).follow()
    assert session.stream == FULL
    assert encoding.limits == [{FULL: 1_000_000}]
