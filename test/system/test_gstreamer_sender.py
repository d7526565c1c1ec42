"""The GStreamer sender as a process, with real webrtcbins, to our receiver and to plain aiortc."""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from contextlib import AsyncExitStack

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from support.media.rtsp_camera import rtsp_camera
from websockets.asyncio.client import connect

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving import idleness
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)


class Viewer(FrameSink):
    """A receiver of ours and what it got; use it with `async with`."""

    def __init__(self, url: str, receiver_id: str = '') -> None:
        self.pictures: list[tuple[np.ndarray, int]] = []
        self.keyframes: list[bool] = []
        self.notes_keyframes = False
        options = ReceiverOptions(server_url=url, sender_id='front', receiver_id=receiver_id)
        self.wants_any = True
        self.receiver = Receiver(options, self)
        self._run = self.receiver.run()

    def wants_pictures(self) -> bool:
        return self.wants_any

    def wants_frames(self) -> bool:
        return self.notes_keyframes

    def on_picture(self, received) -> None:
        self.pictures.append((received.picture.to_ndarray(format='rgb24'), received.stamp_ns))

    def on_frame(self, frame, stamp_ns, sender_id) -> None:
        self.keyframes.append(frame.keyframe)

    async def __aenter__(self) -> 'Viewer':
        self._task = asyncio.ensure_future(self._run)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def more(self, number: int, timeout: float = 20.0) -> list[np.ndarray]:
        """Wait for `number` more pictures and return them."""
        have = len(self.pictures)
        await until(lambda: len(self.pictures) >= have + number, timeout)
        return [picture for picture, _ in self.pictures[have:]]


async def until(condition, timeout: float = 20.0) -> None:
    end = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < end, f'not so after {timeout} s'
        await asyncio.sleep(0.01)


def moves(pictures: list[np.ndarray]) -> bool:
    return any((a != b).any() for a, b in itertools.pairwise(pictures))


async def start_sender(start_module, url, source, *more):
    sender = await start_module(
        'commands.gstreamer', '--server', url, '--id', 'front', '--source', source, *more
    )
    await sender.line('registered')
    return sender


async def test_a_viewer_that_nobody_watches_gets_nothing_until_somebody_does(
    start_module, server, monkeypatch
):
    monkeypatch.setattr(idleness, 'IDLE_AFTER', 0.3)
    sender = await start_sender(start_module, server.url, 'test')
    async with Viewer(server.url) as viewer:
        await viewer.more(3)
        viewer.wants_any = False
        await sender.line('wants no video for now')
        viewer.wants_any = True
        await sender.line('wants video again')
        await viewer.more(5)
        report = await viewer.receiver.report()
        assert (report.state, report.skipped) == ('receiving', 0)


async def test_pictures_arrive_with_right_colours_and_times_of_capture(start_module, server):
    await start_sender(start_module, server.url, 'test')
    async with Viewer(server.url) as viewer:
        pictures = await viewer.more(30)
    assert moves(pictures)
    assert pictures[-1].shape == (480, 640, 3)
    # The second of the seven bars is yellow, the sixth red.
    assert pictures[-1][100, 137].astype(int) == pytest.approx((255, 255, 0), abs=30)
    assert pictures[-1][100, 503].astype(int) == pytest.approx((255, 0, 0), abs=30)
    stamps = [stamp for _, stamp in viewer.pictures]
    assert stamps == sorted(set(stamps))
    steps = np.diff(stamps) / 1e6
    # Times of arrival are never that even; the first step may come from before the first report.
    assert np.median(abs(steps[1:] - round(np.median(steps), 1))) < 0.5


async def test_viewers_share_one_encode_and_leave_without_disturbing(start_module, server):
    sender = await start_sender(
        start_module, server.url, 'test', '--width', '320', '--height', '240'
    )
    async with Viewer(server.url) as first:
        await first.more(10)
        async with Viewer(server.url) as late:
            assert moves(await late.more(10))
        await sender.line('ended: the peer said bye')
        assert moves(await first.more(10))
    assert sum('encoding 320x240' in line for line in sender.lines) == 1, sender.output


async def test_a_lost_picture_is_answered_by_a_keyframe(start_module, server):
    await start_sender(start_module, server.url, 'test', '--width', '320', '--height', '240')
    async with Viewer(server.url) as viewer:
        await viewer.more(10)
        viewer.notes_keyframes = True  # in the middle of it: the receiver asks for a keyframe
        await until(lambda: len(viewer.keyframes) >= 10)
    assert viewer.keyframes[0]
    assert not any(viewer.keyframes[1:])


async def receive(socket, kind):
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message['type'] == kind:
            return message


async def test_plain_aiortc_receives_it_and_hears_bye_at_the_end(start_module, server):
    sender = await start_sender(start_module, server.url, 'test')
    connection = RTCPeerConnection()
    track = asyncio.get_running_loop().create_future()
    connection.on('track', track.set_result)
    try:
        async with connect(f'{server.url}/receiver') as socket:
            await socket.send(json.dumps({'type': 'request_offer', 'sender_id': 'front'}))
            offer = (await receive(socket, 'offer'))['offer']
            assert 'packetization-mode=1' in offer['sdp']
            assert 'profile-level-id=42e01f' in offer['sdp']
            assert 'a=candidate:' in offer['sdp']
            await connection.setRemoteDescription(RTCSessionDescription(**offer))
            await connection.setLocalDescription(await connection.createAnswer())
            answer = {'type': 'answer', 'sdp': connection.localDescription.sdp}
            await socket.send(
                json.dumps({'type': 'answer', 'answer': answer, 'sender_id': 'front'})
            )
            video = await asyncio.wait_for(track, 10)
            frames = [await asyncio.wait_for(video.recv(), 10) for _ in range(20)]
            assert moves([frame.to_ndarray(format='rgb24') for frame in frames])
            assert await sender.stop(signal.SIGINT) == 0
            assert (await receive(socket, 'bye'))['sender_id'] == 'front'
    finally:
        await connection.close()


async def test_an_rtsp_cameras_h264_passes_as_it_is(start_module, server):
    async with rtsp_camera() as (_, port):
        sender = await start_sender(
            start_module, server.url, f'rtsp://me:secret@127.0.0.1:{port}/cam'
        )
        async with Viewer(server.url) as viewer:
            assert moves(await viewer.more(20))
    await sender.line(r'its own H\.264 \(constrained-baseline\) through; no encoder runs')
    assert 'encoding' not in sender.output
    assert 'secret' not in sender.output


async def test_a_camera_that_comes_back_goes_on_in_the_same_session(start_module, server):
    async with rtsp_camera() as (camera, port):
        sender = await start_sender(start_module, server.url, f'rtsp://127.0.0.1:{port}/cam')
        async with AsyncExitStack() as stack:
            viewer = await stack.enter_async_context(Viewer(server.url))
            await viewer.more(5)
            camera.kill()
            await sender.line('source lost')
            await stack.enter_async_context(rtsp_camera(port))
            await sender.line('source live', after=len(sender.lines))
            assert moves(await viewer.more(10))
            assert sender.output.count('session with') == 1, sender.output


async def test_h264_of_another_profile_is_transcoded(start_module, server):
    source = 'videotestsrc is-live=true ! x264enc tune=zerolatency ! video/x-h264,profile=main'
    sender = await start_sender(start_module, server.url, source)
    await sender.line(r'video/x-h264 \(main profile\) is decoded and encoded again')
    async with Viewer(server.url) as viewer:
        assert moves(await viewer.more(10))


@pytest.mark.parametrize(
    ('arguments', 'status', 'line'),
    [
        (['--source', '/dev/video77'], 3, 'source /dev/video77: no such device'),
        (['--source', 'nosuchsrc'], 3, 'GStreamer element nosuchsrc not found'),
        (['--source', 'rtsp://me:secret@127.0.0.1:1/a'], 3, r'source rtsp://127\.0\.0\.1:1/a: '),
        (['--source', 'gopher://a'], 2, "--source: 'gopher://a' given, expected auto, test,"),
        (['--encoder', 'best'], 2, "--encoder: 'best' given, expected one of auto, x264enc"),
    ],
)
async def test_what_cannot_be_sent_is_one_line(start_module, arguments, status, line):
    sender = await start_module('commands.gstreamer', '--server', 'ws://127.0.0.1:9', *arguments)
    await sender.line(f'^error: {line}')
    assert await sender.ended() == status
    assert 'Traceback' not in sender.output
    assert 'secret' not in sender.output


def test_without_gi_the_packages_are_named():
    code = (
        "import sys; sys.modules['gi'] = None\n"
        'from webrtc_bridge.commands.gstreamer import main\n'
        'sys.exit(main([]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith('error: GStreamer for Python not found')
    assert 'apt-get install python3-gst-1.0 gir1.2-gst-plugins-bad-1.0' in done.stderr
    assert len(done.stderr.splitlines()) == 1
