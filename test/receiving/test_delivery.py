"""The order in which a receiver's streams reach its sink; no session is needed."""

import asyncio
import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import Any, cast

import av

from webrtc_bridge.media.frames import Codec, EncodedFrame, ReceivedFrame, SourceHeader
from webrtc_bridge.receiving.delivery import Delivery
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.inbound_stream import InboundStream
from webrtc_bridge.receiving.stream_meter import StreamMeter

PICTURE = av.VideoFrame(32, 16)


@dataclass(eq=False)
class Stream:
    """Stand-in for an inbound stream, with all that a delivery uses of it."""

    serial: int
    sender_id: str
    ended: bool = False
    clock_uncertainty_ns: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    keyframes_requested: int = 0
    meter: StreamMeter = field(default_factory=StreamMeter)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def request_keyframe(self) -> None:
        self.keyframes_requested += 1

    @property
    def inbound(self) -> InboundStream:
        return cast(InboundStream, self)


class Sink(FrameSink):
    """Notes whose pictures and frames come, and wants what a test says."""

    def __init__(self, *, pictures: bool = True, frames: bool = False) -> None:
        self.pictures = pictures
        self.frames = frames
        self.interval = 0.0
        self.received: list[str] = []
        self.stamps: list[int] = []

    def wants_pictures(self) -> bool:
        return self.pictures

    def wants_frames(self) -> bool:
        return self.frames

    def keyframe_interval(self) -> float:
        return self.interval

    def on_picture(self, received: ReceivedFrame) -> None:
        self.received.append(received.sender_id)
        self.stamps.append(received.stamp_ns)

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        self.received.append('keyframe' if frame.keyframe else 'frame')

    def on_metadata(self, metadata: dict[str, Any], sender_id: str) -> None:
        self.received.append(f'metadata {metadata}')


def encoded(keyframe: bool = False) -> EncodedFrame:
    return EncodedFrame(Codec.H264, b'', keyframe, 0, 1_000)


def delivery_to(sink: Sink, stamp: str = 'receive') -> tuple[Delivery, list[int]]:
    """Return a delivery and the serials of the streams that have started in it."""
    started: list[int] = []
    delivery = Delivery(
        sink, stamp=stamp, on_first_picture=lambda stream: started.append(stream.serial)
    )
    return delivery, started


async def test_a_newer_stream_replaces_the_older_one_from_its_first_picture_on() -> None:
    sink = Sink()
    delivery, started = delivery_to(sink)
    front, rear = Stream(1, 'front'), Stream(2, 'rear')
    for stream in (front, front, rear, front, rear):
        delivery.on_picture(stream.inbound, PICTURE, encoded())
    await asyncio.sleep(0)
    assert sink.received == ['front', 'front', 'rear', 'rear']
    assert sink.stamps == sorted(set(sink.stamps))
    assert started == [1, 2]


async def test_an_older_stream_can_be_resumed_after_the_newer_one_has_ended() -> None:
    sink = Sink()
    delivery, _ = delivery_to(sink)
    front, rear = Stream(1, 'front'), Stream(2, 'rear')
    delivery.on_picture(front.inbound, PICTURE, encoded())
    delivery.on_picture(rear.inbound, PICTURE, encoded())
    rear.ended = True
    delivery.resume(front.inbound)
    for stream in (rear, front):
        delivery.on_picture(stream.inbound, PICTURE, encoded())
    assert sink.received == ['front', 'rear', 'front']


async def test_without_interest_in_pictures_the_first_frame_starts_a_stream() -> None:
    delivery, started = delivery_to(Sink(pictures=False))
    front = Stream(1, 'front')
    delivery.on_frame(front.inbound, encoded())
    delivery.on_frame(front.inbound, encoded())
    assert started == [1]


async def test_encoded_frames_start_with_a_keyframe_which_is_requested() -> None:
    sink = Sink(pictures=False, frames=True)
    delivery, _ = delivery_to(sink)
    front = Stream(1, 'front')
    for keyframe in (False, False, True, False):
        delivery.on_frame(front.inbound, encoded(keyframe))
    assert (sink.received, front.keyframes_requested) == (['keyframe', 'frame'], 2)
    sink.frames = False
    delivery.on_frame(front.inbound, encoded())
    sink.frames = True
    delivery.on_frame(front.inbound, encoded())
    assert (sink.received, front.keyframes_requested) == (['keyframe', 'frame'], 3)


async def test_keyframes_are_requested_in_the_interval_of_the_sink(monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr('webrtc_bridge.receiving.delivery.time.monotonic', lambda: now)
    sink = Sink(pictures=False, frames=True)
    delivery, _ = delivery_to(sink)
    front = Stream(1, 'front')
    delivery.on_frame(front.inbound, encoded(keyframe=True))
    for _ in range(100):
        now += 0.1
        delivery.on_frame(front.inbound, encoded())
    assert front.keyframes_requested == 0, 'without an interval, none is needed'
    sink.interval, requested = 2.0, []
    for n in range(100):
        now += 0.1
        before = front.keyframes_requested
        # The sender answers with the next frame.
        delivery.on_frame(front.inbound, encoded(keyframe=bool(requested and requested[-1] == n)))
        requested += [n + 1] * (front.keyframes_requested - before)
    assert [b - a for a, b in itertools.pairwise(requested)] == [20] * 4  # 2 s
    # A camera that is passed through answers none.
    before = front.keyframes_requested
    for _ in range(60):
        now += 0.1
        delivery.on_frame(front.inbound, encoded())
    assert 8 <= front.keyframes_requested - before <= 12


async def test_metadata_of_each_stream_is_handed_on() -> None:
    sink = Sink(pictures=False)
    delivery, _ = delivery_to(sink)
    front, rear = Stream(1, 'front', metadata={'a': 1}), Stream(2, 'rear', metadata={'b': 2})
    delivery.on_frame(front.inbound, encoded())
    delivery.on_frame(rear.inbound, encoded())
    delivery.on_metadata(front.inbound)
    delivery.on_metadata(rear.inbound)
    assert sink.received == ["metadata {'a': 1}", "metadata {'b': 2}"]


async def test_frames_that_are_wanted_again_lack_a_keyframe_until_it_comes() -> None:
    sink = Sink(pictures=False, frames=True)
    delivery, _ = delivery_to(sink)
    stream = Stream(1, 'front')
    assert not delivery.lacks_keyframe(stream.inbound)
    delivery.on_frame(stream.inbound, encoded(keyframe=True))
    assert not delivery.lacks_keyframe(stream.inbound)
    sink.frames = False
    assert not delivery.lacks_keyframe(stream.inbound)
    sink.frames = True
    assert delivery.lacks_keyframe(stream.inbound)
    delivery.on_frame(stream.inbound, encoded(keyframe=True))
    assert not delivery.lacks_keyframe(stream.inbound)


async def test_stamps_of_the_sender_are_kept_even_if_they_repeat_or_go_back() -> None:
    sink = Sink()
    delivery, _ = delivery_to(sink, 'sender')
    stream = Stream(1, 'topic').inbound
    for stamp in (1_004_000_000_001, 1_004_000_000_001, 1_000_000_000_000, 0, -5):
        frame = dataclasses.replace(encoded(), header=SourceHeader(stamp, 'lens'))
        delivery.on_picture(stream, PICTURE, frame)
    assert sink.stamps == [1_004_000_000_001, 1_004_000_000_001, 1_000_000_000_000, 0, -5]
    assert delivery.stamp_fallbacks == 0


async def test_without_stamps_of_the_sender_those_of_capture_are_used() -> None:
    sink = Sink()
    delivery, _ = delivery_to(sink, 'sender')
    frame = dataclasses.replace(encoded(), time_ns=9_000_000, capture_ns=5_000_000)
    delivery.on_picture(Stream(1, 'webcam').inbound, PICTURE, frame)
    assert sink.stamps == [5_000_000]
