"""When a stream counts as stale; its session is a stand-in, and the clock too."""

import logging
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.receiving import inbound_stream
from webrtc_bridge.receiving.inbound_stream import InboundStream, InboundStreamListener
from webrtc_bridge.receiving.selection import Liveness
from webrtc_bridge.signaling.protocol.messages import Offer

SECOND = 1_000_000_000


class Session:
    """The part of a session that a stream uses, set by the test."""

    packet_counts = 0, 0

    def __init__(self, *_: object) -> None:
        self.reports_age = inf
        self.is_quiet = self.idle = self.waiting = False
        self.connected_for = 0.0
        self.clock_offset = SimpleNamespace(best=None, newest=None)
        self.keyframes_requested = self.skipped = 0

    def receive(self, message: object) -> None:
        pass

    def set_idle(self, idle: bool) -> None:
        self.idle = idle

    def path(self) -> str:
        return ''

    def request_keyframe(self) -> None:
        self.keyframes_requested += 1


class Listener(InboundStreamListener):
    wanted = True

    def wants_pictures(self) -> bool:
        return self.wanted

    def lacks_keyframe(self, stream: InboundStream) -> bool:
        return False

    def on_frame(self, stream: InboundStream, frame: EncodedFrame) -> None:
        pass


class StreamHarness:
    """A stream at `now`; `liveness` is what it reported."""

    def __init__(self) -> None:
        self.now = 100.0
        self.liveness: list[Liveness] = []
        self.listener = Listener()
        self.stream: Any = InboundStream(
            1,
            Offer('map', 's1', ''),
            IceOptions(),
            print,
            self.listener,
            lambda stream, liveness: self.liveness.append(liveness),
        )
        self.stream.loop = SimpleNamespace(
            time=lambda: self.now,
            call_soon_threadsafe=lambda _: None,  # of the decoder, which can decode no frame here
        )
        self.session = self.stream._session

    def connect(self) -> None:
        self.session.connected_for, self.session.reports_age = 30.0, 0.5

    def frame(self) -> None:
        time_ns = int(self.now * SECOND)
        ticks = int(self.now * 90_000)
        self.stream._on_frame(EncodedFrame(Codec.H264, b'', True, ticks, time_ns, (), time_ns))
        self.session.is_quiet = True

    def silent(self, seconds: float) -> None:
        self.now += seconds
        self.stream._on_silence()


@pytest.fixture
async def harness(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    monkeypatch.setattr(inbound_stream, 'InboundSession', Session)
    caplog.set_level(logging.INFO)
    harness = StreamHarness()
    yield harness
    harness.stream._watchdog.close()
    harness.stream._quiet.close()
    harness.stream._decoder.close()


async def test_a_picture_every_20_seconds_is_not_stale(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness.connect()
    for _ in range(4):
        harness.frame()
        for _ in range(9):
            harness.silent(2.0)
        harness.now += 2.0
    assert harness.liveness == []
    assert caplog.records == []


async def test_a_slow_stream_whose_sender_is_silent_is_stale(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness.connect()
    harness.frame()
    harness.session.reports_age = 2.5
    harness.silent(2.0)
    assert harness.liveness == [Liveness.NOTHING]
    assert 'map is stale: no frame for 2 s' in caplog.text


async def test_a_stream_of_which_packets_fail_to_arrive_is_stale(harness: Any) -> None:
    harness.connect()
    harness.frame()
    harness.session.is_quiet = False
    harness.silent(2.0)
    assert harness.liveness == [Liveness.ONLY_REPORTS]


async def test_a_camera_that_stops_is_stale_after_two_seconds(harness: Any) -> None:
    harness.connect()
    for _ in range(5):
        harness.now += 1 / 30
        harness.frame()
    harness.silent(2.0)
    assert harness.liveness == [Liveness.ONLY_REPORTS]
    harness.frame()
    assert harness.liveness[1:] == [Liveness.FRAMES]


async def test_time_before_the_connection_is_not_silence(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness.silent(2.0)
    harness.session.connected_for = 0.9
    harness.silent(2.0)
    assert caplog.records == []
    harness.session.connected_for = 2.9
    harness.silent(2.0)
    assert 'no frame for 3 s' in caplog.text


async def test_who_subscribes_after_the_only_picture_has_it_sent_again(harness: Any) -> None:
    harness.listener.wanted = False
    harness.frame()
    harness.stream._on_quiet()
    assert harness.session.keyframes_requested == 0
    harness.listener.wanted = True
    harness.stream._on_quiet()
    assert harness.session.keyframes_requested == 1
    harness.frame()
    harness.stream._on_quiet()
    assert harness.session.keyframes_requested == 1


async def test_a_stream_that_nobody_wants_is_idle_and_not_stale(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness.connect()
    for _ in range(40):
        harness.frame()
        harness.now += 0.03
    harness.session.is_quiet = False
    for _ in range(2):
        harness.stream.set_idle(True)
    assert (await harness.stream.report()).state == 'receiving'  # it may not know how to pause
    for _ in range(30):
        harness.silent(2.0)
    assert (await harness.stream.report()).state == 'idle'
    harness.stream.set_idle(False)
    harness.silent(1.0)
    harness.frame()
    report = await harness.stream.report()
    assert (report.state, report.freezes, harness.liveness) == ('receiving', 1, [])
    assert [record.getMessage() for record in caplog.records] == [
        'map: pausing its video: nobody uses it',
        'map: resuming its video',
    ]


async def test_an_idle_stream_whose_sender_is_dead_is_stale(harness: Any) -> None:
    harness.connect()
    harness.frame()
    harness.stream.set_idle(True)
    harness.session.reports_age = 2.5
    harness.silent(2.0)
    assert harness.liveness == [Liveness.NOTHING]


async def test_a_stream_that_does_not_resume_is_stale(harness: Any) -> None:
    harness.connect()
    harness.frame()
    harness.session.is_quiet = False
    harness.stream.set_idle(True)
    harness.silent(60.0)
    harness.stream.set_idle(False)
    harness.silent(1.0)
    assert harness.liveness == []
    harness.silent(1.0)
    assert harness.liveness == [Liveness.ONLY_REPORTS]


async def test_a_sender_without_a_first_picture_is_waited_for(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness.connect()
    harness.session.waiting = True
    for _ in range(30):
        harness.silent(2.0)
    harness.frame()
    assert harness.liveness == [Liveness.WAITING, Liveness.FRAMES]
    assert caplog.messages == ['map has no picture yet; waiting for the first']


async def test_a_first_picture_is_waited_for_where_a_subscriber_comes_late(harness: Any) -> None:
    harness.connect()
    harness.session.waiting = True
    harness.stream.set_idle(True)
    harness.silent(60.0)
    harness.stream.set_idle(False)
    harness.silent(2.0)
    assert harness.liveness == [Liveness.WAITING]


async def test_a_sender_that_waits_and_dies_is_stale(harness: Any) -> None:
    harness.connect()
    harness.session.waiting = True
    harness.session.reports_age = 2.5
    harness.silent(2.0)
    assert harness.liveness == [Liveness.NOTHING]


async def test_a_picture_that_fails_to_come_is_not_waited_for(harness: Any) -> None:
    harness.connect()
    harness.session.waiting = True
    harness.frame()
    harness.session.is_quiet = False
    harness.silent(2.0)
    assert harness.liveness == [Liveness.ONLY_REPORTS]
