"""A viewer behind a narrow link gets less; the others notice nothing."""

import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import av
import pytest
from support.links.relayed_pair import RelayedPair
from support.peers.session_pair import CameraHarness, SessionPair, until

from webrtc_bridge.media.frames import Codec, EncodedFrame, Encoding, Layer
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.sending.adaptation import Adaptation

SIZE, SMALL_SIZE = (640, 480), (320, 240)

SETTLED = 5.0
'Seconds from the first picture to the steady state.'

MOST_DELAY = 0.3
"Seconds from capture to reception, in excess of the direct viewer's."

FEWEST_FPS = 10


class ViewersHarness:
    """A camera with one viewer connected directly and one behind a relay."""

    def __init__(self, size: tuple[int, int], codec: Codec) -> None:
        self.camera = CameraHarness(*size)
        self.direct = SessionPair(self.camera.broadcast, (codec,))
        self.narrow = RelayedPair(self.camera.broadcast, (codec,))
        sessions = [self.direct.outbound, self.narrow.outbound]
        adaptation = Adaptation(self.camera.encoding, sessions)
        for session in sessions:
            session.on_rate = adaptation.update

    async def connect(self, rate: float, queue: float) -> None:
        """Connect both viewers, one over a link of `rate` bit/s."""
        self.narrow.relay.to_receiver.rate = rate
        self.narrow.relay.to_receiver.queue = queue
        await self.direct.start().received(1)
        await self.narrow.start().received(1)

    async def close(self) -> None:
        await self.narrow.close()
        await self.direct.close()
        self.camera.close()


@pytest.fixture
def harness() -> Callable[..., AbstractAsyncContextManager[ViewersHarness]]:
    """Return a function that opens a harness."""

    @asynccontextmanager
    async def opened(
        size: tuple[int, int] = SIZE, codec: Codec = Codec.H264
    ) -> AsyncIterator[ViewersHarness]:
        harness = ViewersHarness(size, codec)
        try:
            yield harness
        finally:
            await harness.close()

    return opened


def since(pair: SessionPair, started: float) -> list[EncodedFrame]:
    """Return the frames that arrived since `started`."""
    return [frame for frame, when in zip(pair.frames, pair.times, strict=True) if when >= started]


def delay(frames: list[EncodedFrame]) -> float:
    """Return the 95th percentile of the seconds from capture to reception."""
    delays = sorted(frame.time_ns - frame.capture_ns for frame in frames if frame.capture_ns)
    return delays[int(0.95 * len(delays))] / 1e9


def sizes_decoded(frames: list[EncodedFrame]) -> list[tuple[int, int]]:
    """Return the sizes of the pictures, one after another, that one decoder makes of `frames`."""
    decoder = av.CodecContext.create('h264', 'r')
    assert isinstance(decoder, av.VideoCodecContext)
    pictures = [p for frame in frames for p in decoder.decode(av.Packet(frame.data))]
    assert len(pictures) >= len(frames) - decoder.thread_count
    return [size for size, _ in itertools.groupby((p.width, p.height) for p in pictures)]


def passed(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


async def check(harness: ViewersHarness, rate: float, queue: float, seconds: float) -> None:
    """Check delay and frame rate of both viewers in the steady state."""
    await harness.connect(rate, queue)
    started, sent = time.monotonic(), len(harness.camera.encoded)
    await until(passed(SETTLED + seconds), SETTLED + 2 * seconds)
    narrow, direct = (since(pair, started + SETTLED) for pair in (harness.narrow, harness.direct))
    elapsed = time.monotonic() - started - SETTLED
    most = delay(direct) + MOST_DELAY
    assert delay(narrow) < most, f'{delay(narrow):.3f} s, {delay(direct):.3f} s'
    # A busy machine makes fewer frames for all.
    fewest = min(FEWEST_FPS * elapsed, len(direct) / 3)
    assert len(narrow) >= fewest, f'{len(narrow)} in {elapsed:.1f} s'
    full = [f for f in harness.camera.encoded[sent:] if f.layer is Layer.FULL]
    shown = len(since(harness.direct, started))
    assert shown >= 0.95 * len(full), f'{shown} of {len(full)}'


async def test_a_viewer_on_a_narrow_link_gets_half_size(
    harness, caplog: pytest.LogCaptureFixture
) -> None:
    """Delays and rates are in test_estimator.py, and below."""
    caplog.set_level('INFO')
    async with harness() as both:
        await both.connect(300e3, 0.5)
        small = Encoding(Codec.H264, Layer.SMALL)
        await until(lambda: both.narrow.outbound.encoding == small, 20.0)
        await until(lambda: sizes_decoded(both.narrow.frames)[-1] == SMALL_SIZE, 20.0)
        await both.narrow.received(15)
        await both.direct.received(15)
        if both.direct.outbound.link.rate is None:  # a busy machine looks like a narrow link
            assert {video_size(f) for f in both.direct.frames if f.keyframe} == {SIZE}
        assert 'viewer gets half size: its link carries' in caplog.text
        assert sizes_decoded(both.narrow.frames) == [SIZE, SMALL_SIZE]
        # No frame comes twice, and the receiver's clock goes on from layer to layer.
        timestamps = [frame.capture_ns for frame in both.narrow.frames]
        assert timestamps == sorted(set(timestamps))


@pytest.mark.long
@pytest.mark.parametrize('size', [(640, 480), (1280, 720)])
@pytest.mark.parametrize(
    ('rate', 'queue'),
    [(300e3, 0.2), (300e3, 0.5), (300e3, 1.0), (300e3, 2.0), (200e3, 0.5), (700e3, 0.5)],
)
async def test_every_narrow_link_is_lived_with(
    harness, size: tuple[int, int], rate: float, queue: float
) -> None:
    async with harness(size) as both:
        await check(both, rate, queue, 30.0)


@pytest.mark.long
@pytest.mark.parametrize('queue', [0.2, 1.0])
async def test_a_narrow_link_is_lived_with_in_vp8(harness, queue: float) -> None:
    async with harness(codec=Codec.VP8) as both:
        await check(both, 300e3, queue, 20.0)
        assert both.narrow.outbound.encoding == Encoding(Codec.VP8, Layer.SMALL)


@pytest.mark.long
async def test_a_link_that_is_wide_again_brings_the_full_size_back(harness) -> None:
    async with harness() as both:
        await both.connect(300e3, 0.5)
        small = Encoding(Codec.H264, Layer.SMALL)
        await until(lambda: both.narrow.outbound.encoding == small, 15.0)
        await until(passed(5.0), 15.0)
        both.narrow.relay.to_receiver.rate = 0.0
        await until(lambda: video_size(both.narrow.frames[-1]) == SIZE, 90.0)
        await until(lambda: both.camera.encoded[-1].encoding == both.camera.encoded[-2].encoding)
