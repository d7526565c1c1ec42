"""Foreign peers as viewers of our senders, by the test pattern's size, colours and rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.browser.chromium import Browser
from support.browser.publish_page import publish
from support.peers.foreign import COLOURS, SIZE, Note, Peer, StartPeer, off, sight_after, sights
from support.peers.senders import SENDER_ID, skip_unless_installed, start_program
from support.programs import Program, Start

from webrtc_bridge.media.capture.pattern import BARS, Pattern
from webrtc_bridge.media.pixels.raw_image import RawImage

TOLERANCE = 16
'Of the middle of a bar, after a lossy codec and two conversions of 8 bits.'

FILM_TOLERANCE = 40
'Of places that are at the border of two bars.'

LEAST_RATE = 10.0
'Of 30 pictures a second; a stream that stalls is far below.'

OURS = tuple(BARS.values())
FILM = tuple(COLOURS[len(COLOURS) * (2 * index + 1) // 16] for index in range(8))
"The same eight places in GStreamer's test film, which has seven bars."

Check = Callable[[Program, str], Awaitable[list[list[int]]]]
'Watches a viewer for a while and returns the colours that it saw.'

OF_WEBCAM = [
    Peer('webrtcbin', 'VP8'),
    Peer('chromium', 'H264').marked(),
    *(
        Peer(stack, 'H264', (f'profile-level-id={profile}', 'packetization-mode=1')).marked()
        for stack, high in (('libdatachannel', '64001f'), ('chromium', 'f4001f'))
        for profile in ('42001f', '42e01f', high)
    ),
    Peer('webrtcbin', 'H264').marked(),
    Peer('plain_aiortc', 'H264').marked(),
    Peer('plain_aiortc', 'VP8').marked(),
    Peer('chromium', 'VP8').marked(),
    Peer('firefox', 'VP8').marked(),
    Peer('wrtc', 'VP8').marked(),
    Peer('werift', 'H264').marked(),
    Peer('werift', 'VP8').marked(),
    Peer('libdatachannel', 'H264').marked(),
    Peer('libdatachannel', 'VP8').marked(),
]
OF_GSTREAMER = [
    Peer('plain_aiortc', 'H264'),
    Peer('firefox', 'VP8').marked(),
    Peer('wrtc', 'VP8').marked(),
    Peer('chromium', 'VP8').marked(),
    Peer('werift', 'VP8').marked(),
    Peer('libdatachannel', 'VP8').marked(),
    Peer('webrtcbin', 'H264').marked(),
    Peer('chromium', 'H264').marked(),
    Peer('werift', 'H264').marked(),
    Peer('libdatachannel', 'H264').marked(),
]
OF_THE_PAGE = [
    Peer('webrtcbin', 'H264').marked(),
    Peer('plain_aiortc', 'H264').marked(),
    Peer('firefox', 'VP8').marked(),
    Peer('wrtc', 'VP8').marked(),
    Peer('werift', 'H264').marked(),
    Peer('libdatachannel', 'VP8').marked(),
]
OF_A_NODE = [Peer('chromium', 'H264').marked(), Peer('wrtc', 'VP8').marked()]


@pytest.fixture
def check(note: Note, request: pytest.FixtureRequest) -> Check:
    """Return a coroutine function that watches a viewer for a while."""
    marked = 'interop' in request.keywords

    async def watch(program: Program, what: str) -> list[list[int]]:
        await program.line('^state "connected"')
        start = await sight_after(program, 0.5)
        end = await sight_after(program, 4.0 if marked else 1.5)
        seconds = end.at - start.at
        fps = (end.frames - start.frames) / seconds
        note(what, sights(program)[0].at, fps, (end.bytes - start.bytes) * 8 / 1000 / seconds)
        assert (end.width, end.height) == SIZE
        assert end.frames > start.frames
        if marked:  # others run next to `make test`
            assert fps > LEAST_RATE
        return end.colours

    return watch


@pytest.mark.parametrize('peer', OF_WEBCAM, ids=str)
async def test_it_gets_the_picture_of_webcam_sender(
    peer: Peer, server: Program, start_module: Start, start_peer: StartPeer, check: Check
) -> None:
    await start_program(f'aiortc {peer.codec.lower()}', start_module, server.url)
    program = await start_peer(peer, 'view', SENDER_ID)
    colours = await check(program, f'webcam_sender → {peer}')
    assert off(colours, OURS) <= TOLERANCE


@pytest.mark.parametrize('peer', OF_GSTREAMER, ids=str)
async def test_it_gets_the_picture_of_gstreamer_sender(
    peer: Peer, server: Program, start_module: Start, start_peer: StartPeer, check: Check
) -> None:
    skip_unless_installed('gstreamer')
    await start_program('gstreamer', start_module, server.url)
    program = await start_peer(peer, 'view', SENDER_ID)
    colours = await check(program, f'gstreamer_sender → {peer}')
    assert off(colours, FILM) <= FILM_TOLERANCE


@pytest.mark.parametrize('peer', OF_THE_PAGE, ids=str)
async def test_it_gets_the_camera_of_the_publish_page(
    peer: Peer, server: Program, browser: Browser, start_peer: StartPeer, check: Check
) -> None:
    await publish(browser, server.port, SENDER_ID)
    program = await start_peer(peer, 'view', SENDER_ID)
    colours = await check(program, f'publish page → {peer}')
    # The middle of Chromium's fake camera, which is green.
    assert all(green > max(red, blue) + 40 for red, green, blue in colours)


@pytest.mark.parametrize('peer', OF_A_NODE, ids=str)
async def test_it_gets_the_topic_of_sender_node(
    peer: Peer, server: Program, start_module: Start, start_peer: StartPeer, check: Check
) -> None:
    pytest.importorskip('rclpy', reason='needs rclpy')
    from support.ros.topic_publisher import TopicPublisher

    words = ('--ros-args', '-p', f'server_url:={server.url}', '-p', f'sender_id:={SENDER_ID}')
    node = await start_module('nodes.sender_node', *words)
    await node.line('registered')
    with TopicPublisher() as camera:
        publishing = asyncio.ensure_future(publish_pattern(camera))
        try:
            program = await start_peer(peer, 'view', SENDER_ID)
            colours = await check(program, f'sender_node → {peer}')
        finally:
            publishing.cancel()
    assert off(colours, OURS) <= TOLERANCE


async def publish_pattern(camera: Any) -> None:
    """Publish the test pattern as images, forever."""
    pattern = Pattern(*SIZE)
    while True:
        now = time.time_ns()
        pixels = pattern.draw(now).to_ndarray(format='rgb24')
        height, width, _ = pixels.shape
        camera.publish(RawImage('rgb8', width, height, 3 * width, pixels.tobytes()), now)
        await asyncio.sleep(1 / 30)
