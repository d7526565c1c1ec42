"""Bit rates and layers set at sessions and encoders, with stand-ins for both engines."""

import logging
from collections.abc import Mapping

import pytest
from support.peers.fake_peers import fake_session

from webrtc_bridge.media.bandwidth.layer_allocation import Bounds
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.sending.adaptation import Adaptation

FULL, SMALL = Encoding(Codec.H264), Encoding(Codec.H264, Layer.SMALL)
VP8 = Encoding(Codec.VP8)


class NotedEncoders:
    """Notes the limits that it is given."""

    def __init__(self, bounds: Mapping[Codec, Bounds]) -> None:
        self.limits: list[dict[Encoding, int]] = []
        self.all_bounds = bounds

    def bounds(self) -> Mapping[Codec, Bounds]:
        return self.all_bounds

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        self.limits.append(dict(rates))


BOTH = dict.fromkeys(Codec, Bounds(100_000, 1_000_000))
ONE = {Codec.H264: Bounds(100_000, 1_000_000)}


@pytest.fixture(params=[BOTH, ONE], ids=['two codecs', 'one codec'])
def encoders(request: pytest.FixtureRequest) -> NotedEncoders:
    """Return encoders as aiortc's sender has them, and as GStreamer's has."""
    return NotedEncoders(request.param)


async def test_a_slow_viewer_goes_to_the_small_layer_and_back_and_that_is_told(
    encoders: NotedEncoders, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slow = fake_session(rate=300e3)
    adaptation = Adaptation(encoders, [slow, fake_session()])
    adaptation.update()
    assert slow.encoding == SMALL
    slow.link.rate = 800e3
    adaptation.update()
    assert slow.encoding == FULL
    assert encoders.limits == [{SMALL: 300_000}, {FULL: 800_000}]
    assert [record.getMessage() for record in caplog.records] == [
        'viewer gets half size: its link carries about 300 kbit/s',
        'viewer gets full size: its link carries about 800 kbit/s',
    ]


async def test_a_limit_goes_with_the_viewer_that_it_was_for(encoders: NotedEncoders) -> None:
    sessions = [fake_session(), fake_session(rate=700e3)]
    adaptation = Adaptation(encoders, sessions)
    adaptation.update()
    sessions.pop()
    adaptation.update()
    assert encoders.limits == [{FULL: 700_000}, {}]


async def test_an_encoder_is_not_told_of_every_bit(encoders: NotedEncoders) -> None:
    session = fake_session(rate=700e3)
    adaptation = Adaptation(encoders, [session])
    for rate in (700e3, 710e3, 770e3, 900e3):
        session.link.rate = rate
        adaptation.update()
    assert len(encoders.limits) == 3


async def test_nothing_is_decided_before_the_first_frame() -> None:
    encoders = NotedEncoders({})
    session = fake_session(rate=300e3)
    Adaptation(encoders, [session, fake_session(None)]).update()
    assert session.encoding == FULL
    assert encoders.limits == []


async def test_where_nothing_is_encoded_any_more_all_get_what_is_passed_on() -> None:
    encoders = NotedEncoders({})
    slow = fake_session(SMALL, 300e3)
    Adaptation(encoders, [slow]).update()
    assert slow.encoding == FULL
    assert encoders.limits == []


async def test_what_is_passed_through_is_not_made_small() -> None:
    passed = Bounds(100_000, 1_000_000, layered=False)
    encoders = NotedEncoders({Codec.H264: passed, Codec.VP8: BOTH[Codec.VP8]})
    h264, vp8 = fake_session(rate=300e3), fake_session(VP8, 300e3)
    Adaptation(encoders, [h264, vp8]).update()
    assert h264.encoding == FULL
    assert vp8.encoding == Encoding(Codec.VP8, Layer.SMALL)


async def test_a_bit_rate_that_is_fixed_stays() -> None:
    encoders = NotedEncoders({Codec.H264: Bounds(1_000_000, 1_000_000)})
    session = fake_session(rate=300e3)
    Adaptation(encoders, [session]).update()
    assert session.encoding == FULL
    assert encoders.limits == [{FULL: 1_000_000}]


async def test_an_idle_viewer_limits_nobody(encoders: NotedEncoders) -> None:
    idle = fake_session(rate=300e3)
    adaptation = Adaptation(encoders, [idle, fake_session(rate=700e3)])
    idle.on_idle(True)
    adaptation.update()
    idle.on_idle(False)
    adaptation.update()
    assert encoders.limits == [{FULL: 700_000}, {FULL: 700_000, SMALL: 300_000}]
