"""A sender whose source has its own H.264, and receivers that come and go."""

import asyncio
import contextlib
import re
import time

import av
from aiortc import RTCSessionDescription
from av.video.frame import PictureType
from support.peers.session_pair import until

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.frames import (
    AccessUnit,
    CapturedFrame,
    Codec,
    EncodedFrame,
    ReceivedFrame,
)
from webrtc_bridge.media.h264.units import SPS, kind, nal_units
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import (
    EncoderOptions,
    ReceiverOptions,
    SenderOptions,
    SignalingOptions,
)
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.sending.sender import Sender
from webrtc_bridge.signaling.server.server import SignalingServer

MILLISECOND = 1_000_000
BASELINE, HIGH = 66, 100


def without_high(sdp, kind):
    """Return a description as a viewer without the High profile understands it."""
    return RTCSessionDescription(re.sub('640[0c]1f|f4001f', '4d001f', sdp), kind)


class Camera:
    """Encodes the test pattern as a camera does, with a keyframe first and when it `renews`."""

    def __init__(self, profile):
        self._context = av.CodecContext.create('libx264', 'w')
        self._context.width, self._context.height, self._context.pix_fmt = 320, 240, 'yuv420p'
        self._context.framerate, self._context.gop_size = 30, 10_000
        self._context.options = {'tune': 'zerolatency', 'profile': profile, 'preset': 'ultrafast'}
        self._pattern = Pattern(320, 240)
        self.renews = True
        self.sent = []

    async def film(self, passthrough):
        while True:
            now = time.time_ns()
            picture = self._pattern.draw(now)
            picture.pts = len(self.sent)
            picture.pict_type = PictureType.I if self.renews else PictureType.NONE
            self.renews = False
            (packet,) = self._context.encode(picture)
            self.sent.append(list(nal_units(bytes(packet))))
            passthrough.put(AccessUnit(bytes(packet), now))
            await asyncio.sleep(1 / 30)


class Viewer(FrameSink):
    """Notes the stamps and clocks of the pictures, and the NAL units of the frames."""

    def __init__(self) -> None:
        self.pictures = []
        self.frames = []

    def wants_frames(self) -> bool:
        return True

    def on_picture(self, received: ReceivedFrame) -> None:
        clock = read_clock(plane_pixels(received.picture.planes[0]))
        self.pictures.append((received.stamp_ns, clock))

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        self.frames.append(list(nal_units(frame.data)))

    @property
    def profiles(self) -> list[int]:
        """The value of profile_idc of each keyframe."""
        return [unit[1] for frame in self.frames for unit in frame if kind(unit) == SPS]


class Scene:
    """A sender of `camera`, with a server; viewers `join` it."""

    def __init__(self, stack, url, camera, codec):
        frames: Latest[CapturedFrame] = Latest()
        self._stack, self._url = stack, url
        options = EncoderOptions(codec=codec)
        self.sender = Sender(SenderOptions(url, 'cam'), options, frames, 30.0)
        self.passthrough = self.sender.passthrough('cam', frames.put)
        self.run(self.sender.run())
        self.run(camera.film(self.passthrough))
        stack.callback(self.passthrough.close)

    def run(self, work):
        task = asyncio.ensure_future(work)

        async def stop():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(stop)
        return stop

    def join(self):
        viewer = Viewer()
        viewer.leave = self.run(Receiver(ReceiverOptions(self._url, 'cam'), viewer).run())
        return viewer


@contextlib.asynccontextmanager
async def scene(camera, codec='auto'):
    async with (
        SignalingServer(SignalingOptions(port=0)) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        yield Scene(stack, server.url, camera, codec)


def assert_true_times(viewer):
    for stamp, clock in viewer.pictures[-5:]:
        assert abs(stamp - clock) <= MILLISECOND
    stamps = [stamp for stamp, _ in viewer.pictures]
    assert stamps == sorted(set(stamps))


async def test_who_comes_between_keyframes_is_shown_what_is_encoded_until_the_next_one():
    camera = Camera('baseline')
    async with scene(camera) as running:
        await until(lambda: len(camera.sent) > 10)
        viewer, other = running.join(), running.join()
        await until(lambda: len(viewer.pictures) > 10 and len(other.pictures) > 10)
        assert not any(frame in camera.sent for frame in viewer.frames)
        seen = len(camera.sent)
        camera.renews = True
        await until(lambda: any(frame in camera.sent[seen:] for frame in viewer.frames))
        # From the keyframe on it is the camera's own, for both.
        await until(lambda: all(frame in camera.sent for frame in viewer.frames[-5:]))
        await until(lambda: all(frame in camera.sent for frame in other.frames[-5:]))
        await until(lambda: not running.sender._encoding.wants_pictures(Codec.H264))
        assert_true_times(viewer)
        # One that comes now does not disturb them.
        frames = len(other.frames)
        third = running.join()
        await until(lambda: len(third.pictures) > 8)
        assert all(frame in camera.sent for frame in other.frames[frames:])
        assert_true_times(third)


async def test_a_viewer_of_vp8_does_not_wait_for_the_source_s_keyframe():
    camera = Camera('baseline')
    async with scene(camera, 'vp8') as running:
        await until(lambda: len(camera.sent) > 10)
        for _ in range(2):
            viewer = running.join()
            await until(lambda viewer=viewer: len(viewer.pictures) > 8)
            assert_true_times(viewer)


async def test_nor_does_one_of_a_profile_that_is_transcoded():
    camera = Camera('high')
    async with scene(camera) as running:
        await until(lambda: len(camera.sent) > 10)
        viewer = running.join()
        await until(lambda: len(viewer.pictures) > 8)
        assert_true_times(viewer)


async def test_the_profile_is_the_best_that_all_viewers_accept(monkeypatch):
    monkeypatch.setattr('webrtc_bridge.media.codec.profile_choice.CALM', 0.3)
    async with scene(Camera('high')) as running:
        viewer = running.join()
        await until(lambda: viewer.profiles)
        assert set(viewer.profiles) == {HIGH}
        with monkeypatch.context() as of_the_second:
            of_the_second.setattr(
                'webrtc_bridge.peer.aiortc.peer.RTCSessionDescription', without_high
            )
            other = running.join()
            await until(lambda: other.profiles)
        assert set(other.profiles) == {BASELINE}
        assert viewer.profiles[-1] == BASELINE
        shown = len(viewer.pictures)
        await until(lambda: len(viewer.pictures) > shown + 8)
        await other.leave()
        await until(lambda: viewer.profiles[-1] == HIGH)
        shown = len(viewer.pictures)
        await until(lambda: len(viewer.pictures) > shown + 8)
        assert_true_times(viewer)


async def test_a_receiver_waits_for_a_source_that_has_no_picture_yet(caplog):
    caplog.set_level('INFO')
    frames: Latest[CapturedFrame] = Latest()
    async with (
        SignalingServer(SignalingOptions(port=0)) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        sender = Sender(SenderOptions(server.url, 'cam'), EncoderOptions(), frames, 30.0)
        viewer = Viewer()
        for work in (sender.run(), Receiver(ReceiverOptions(server.url, 'cam'), viewer).run()):
            stack.push_async_callback(end, asyncio.ensure_future(work))
        await until(lambda: 'cam has no picture yet; waiting for the first' in caplog.text)
        now = time.time_ns()
        frames.put(CapturedFrame(Pattern(320, 240).draw(now), now))
        await until(lambda: viewer.pictures)
