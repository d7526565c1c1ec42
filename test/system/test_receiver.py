"""The receiver without ROS: real server, real senders, real sessions, in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.frames import CapturedFrame, ReceivedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import (
    EncoderOptions,
    ReceiverOptions,
    SenderOptions,
    ServerOptions,
    SignalingOptions,
    SourceOptions,
)
from webrtc_bridge.receiving import selection
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.sending.sender import Sender
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.server.server import SignalingServer


@asynccontextmanager
async def running(work) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def camera(url: str, sender_id: str) -> AsyncIterator[None]:
    frames: Latest[CapturedFrame] = Latest()
    source = Camera(SourceOptions(source='test', width=320, height=240), frames)
    source.open()
    sender = Sender(SenderOptions(url, sender_id), EncoderOptions(), frames, 30.0)
    try:
        async with running(sender.run()):
            yield
    finally:
        source.close()


@asynccontextmanager
async def dead_camera(url: str, sender_id: str) -> AsyncIterator[None]:
    """Register as a sender that never makes an offer."""
    access = ServerAccess.of(ServerOptions(url))
    client = SignalingClient(access, Role.SENDER, SignalingListener(), peer_id=sender_id)
    async with running(client.run()):
        yield


class Pictures:
    """The senders whose pictures arrived, in order."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, int]] = []
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def add(self, frame: ReceivedFrame) -> None:
        self.frames.append((frame.sender_id, frame.stamp_ns))
        self._loop.call_soon_threadsafe(self._changed.set)

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:
        """Wait until `condition` holds, which is checked with every picture."""

        async def look() -> None:
            while not condition():
                self._changed.clear()
                await self._changed.wait()

        await asyncio.wait_for(look(), timeout)

    async def wait_for_more(self, number: int, sender_id: str) -> None:
        goal = len(self.frames) + number
        await self.wait_for(lambda: len(self.frames) >= goal and self.frames[-1][0] == sender_id)

    def check_order(self, *senders: str) -> None:
        """Check that the pictures are from `senders`, one after another, and that stamps rise."""
        seen = [name for name, _ in self.frames]
        changes = [name for i, name in enumerate(seen) if i == 0 or seen[i - 1] != name]
        assert changes == list(senders)
        stamps = [stamp for _, stamp in self.frames]
        assert stamps == sorted(set(stamps))


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with SignalingServer(SignalingOptions(port=0)) as server:
        yield server.url


async def test_a_switch_is_one_stream_without_a_gap(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    pictures = Pictures()
    receiver = Receiver(ReceiverOptions(url, 'front'), PictureSink(pictures.add))
    async with camera(url, 'front'), camera(url, 'rear'), running(receiver.run()):
        await pictures.wait_for_more(30, 'front')
        receiver.follow('rear')
        await pictures.wait_for_more(30, 'rear')
        pictures.check_order('front', 'rear')
        # The old one goes on until the new one has a picture.
        await pictures.wait_for(lambda: 'session with front ended' in caplog.text)
        log = caplog.text
        assert log.index('receiving rear') < log.index('session with front ended')


async def test_ten_switches_in_a_row_end_at_the_last(url: str) -> None:
    pictures = Pictures()
    receiver = Receiver(ReceiverOptions(url, 'front'), PictureSink(pictures.add))
    async with camera(url, 'front'), camera(url, 'rear'), running(receiver.run()):
        await pictures.wait_for_more(10, 'front')
        for _ in range(5):
            receiver.follow('rear')
            await asyncio.sleep(0)
            receiver.follow('front')
            await asyncio.sleep(0)
        receiver.follow('rear')
        await pictures.wait_for_more(30, 'rear')
        pictures.check_order('front', 'rear')


async def test_a_sender_that_shows_nothing_leaves_the_old_one_running(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, 'SWITCH_TIMEOUT', 1.0)
    pictures = Pictures()
    failed: list[tuple[str, str]] = []
    receiver = Receiver(
        ReceiverOptions(url, 'front'),
        PictureSink(pictures.add),
        on_switch_failed=lambda *names: failed.append(names),
    )
    async with camera(url, 'front'), dead_camera(url, 'rear'), running(receiver.run()):
        await pictures.wait_for(lambda: 'rear' in receiver.senders and bool(pictures.frames))
        receiver.follow('rear')
        await pictures.wait_for(lambda: bool(failed))
        assert failed == [('rear', 'front')]
        await pictures.wait_for_more(30, 'front')
        pictures.check_order('front')
