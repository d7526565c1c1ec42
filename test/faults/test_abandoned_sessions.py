"""Sessions that end 0 to 50 ms after their request release all that they had begun to make."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from support.leaks import open_sockets, other_tasks, threads
from support.peers.abandoning import offer_and_leave, request_and_leave
from support.peers.fake_peers import ObservingListener
from support.peers.senders import skip_unless_installed, start_program
from support.peers.session_pair import CameraHarness, until
from support.peers.watching import watching
from support.programs import Program, Start
from support.resources import Resources

from webrtc_bridge.media.frames import Codec
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import AiortcSendingPeer
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver

NEWCOMER = 10.0
'Seconds to the first picture of a viewer that joins after all that; 2 on a machine with time.'

RELEASED = 10.0
'Seconds until the last of the abandoned sessions has released what it had.'

SESSIONS = pytest.mark.parametrize('number', [40, pytest.param(500, marks=pytest.mark.long)])


@SESSIONS
@pytest.mark.parametrize('kind', ['aiortc h264', 'gstreamer'])
async def test_a_sender_keeps_nothing_of_requests_that_were_abandoned(
    start_module: Start, server: Program, kind: str, number: int
) -> None:
    skip_unless_installed(kind)
    sender = await start_program(kind, start_module, server.url)
    await assert_nothing_kept(sender, server.url, number)


@SESSIONS
async def test_a_sender_node_keeps_nothing_of_them(
    start_module: Start, server: Program, number: int
) -> None:
    pytest.importorskip('rclpy', reason='needs rclpy')
    from support.media.raw_images import image_of
    from support.ros.topic_publisher import TopicPublisher

    words = ['--ros-args', '-p', f'server_url:={server.url}', '-p', 'sender_id:=front']
    sender = await start_module('nodes.sender_node', *words)
    await sender.line('registered')
    image = image_of('bgr8', (320, 240))
    with TopicPublisher() as publisher:
        async with repeating(lambda: publisher.publish(image, time.time_ns())):
            await assert_nothing_kept(sender, server.url, number)


async def assert_nothing_kept(sender: Program, url: str, number: int) -> None:
    """Abandon `number` sessions, and compare what the sender holds before and after them."""
    async with watching(url, 'front') as seen:  # what is made once is made now
        await seen.wait_for_more(3)
    await request_and_leave(url, 'front', 5)
    before = await settled(sender)
    await request_and_leave(url, 'front', number)
    async with watching(url, 'front') as seen:
        started = time.monotonic()
        assert await seen.first_after(started) - started < NEWCOMER
    now = [before]

    def as_before() -> bool:
        now[0] = Resources.of(sender.process.pid)
        return now[0].files <= before.files and now[0].threads <= before.threads

    try:
        await until(as_before, RELEASED)
    except AssertionError:
        pytest.fail(f'before {before}, now {now[0]}: {sender.output[-2000:]}')
    assert 'Traceback' not in sender.output
    assert 'in use' not in sender.output


async def settled(sender: Program) -> Resources:
    """Return what a program holds once that has not changed for half a second."""
    same = 0
    before = Resources.of(sender.process.pid)
    while same < 5:
        await asyncio.sleep(0.1)
        now = Resources.of(sender.process.pid)
        is_same = (now.files, now.threads) == (before.files, before.threads)
        same, before = same + 1 if is_same else 0, now
    return before


@SESSIONS
async def test_a_receiver_keeps_nothing_of_offers_that_were_withdrawn(
    server: Program, number: int
) -> None:
    sdp = await an_offer()
    receiver = Receiver(ReceiverOptions(server.url, sender_id='front'), PictureSink(print))
    running = asyncio.ensure_future(receiver.run())
    try:
        await offer_and_leave(server.url, 'front', sdp, 5)
        await until(lambda: not receiver._streams)
        sockets, tasks, started = open_sockets(), other_tasks(), threads()
        await offer_and_leave(server.url, 'front', sdp, number)

        def nothing_more() -> bool:
            more = open_sockets() - sockets
            return not (more or other_tasks() - tasks or threads() - started)

        await until(nothing_more, RELEASED)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def an_offer() -> str:
    """Return the offer of a sender that is gone."""
    camera = CameraHarness()
    peer = AiortcSendingPeer(
        'viewer', IceOptions(), ObservingListener(), camera.broadcast, (Codec.H264,)
    )
    try:
        return await peer.offer()
    finally:
        await peer.close()
        camera.close()


@asynccontextmanager
async def repeating(action: Callable[[], None]) -> AsyncIterator[None]:
    """Do `action` 30 times a second."""

    async def repeat() -> None:
        while True:
            action()
            await asyncio.sleep(1 / 30)

    task = asyncio.ensure_future(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
