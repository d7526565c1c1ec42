"""Foreign peers as senders, to our receiver, its node and the viewer page."""

import logging

import pytest
from support.browser.chromium import Browser
from support.browser.pictures import colours, until_it_moves
from support.peers.foreign import COLOURS, SIZE, Note, Peer, StartPeer, columns, off
from support.peers.watching import watching
from support.programs import Program, Start

from webrtc_bridge.media.frames import ReceivedFrame

LEAST_RATE = 10.0
'Of 30 pictures a second; a stream that stalls is far below.'

TOLERANCE = 20
'Of the middle of a bar, after a lossy codec and two conversions of 8 bits.'

BASELINE, CONSTRAINED, MAIN, HIGH = '42001f', '42e01f', '4d001f', '64001f'
FILMED = ('webrtcbin', 'werift', 'libdatachannel')
"Senders of GStreamer's film, which has any profile."


def h264(stack: str, profile: str, mode: int) -> Peer:
    """Return a sender of H.264 in a profile and a packetization mode (RFC 6184, section 8.1)."""
    return Peer(stack, 'H264', (f'profile-level-id={profile}', f'packetization-mode={mode}'))


FIRST = [h264('webrtcbin', HIGH, 0), h264('chromium', CONSTRAINED, 1)]
'Those that `make test` runs, too.'

H264 = [
    *(
        h264(stack, profile, mode)
        for stack in FILMED
        for profile in (BASELINE, CONSTRAINED, MAIN, HIGH)
        for mode in (0, 1)
    ),
    *(h264('chromium', profile, mode) for profile in (BASELINE, MAIN) for mode in (0, 1)),
    h264('chromium', CONSTRAINED, 0),
    Peer('plain_aiortc', 'H264'),
]
VP8 = [Peer(stack, 'VP8') for stack in (*FILMED, 'chromium', 'firefox', 'wrtc', 'plain_aiortc')]
SENDERS = [*FIRST, *(peer.marked() for peer in (*H264, *VP8) if peer not in FIRST)]
SHOWN = [
    peer.marked()
    for peer in (
        *(h264('webrtcbin', profile, mode) for profile in (CONSTRAINED, HIGH) for mode in (0, 1)),
        h264('werift', MAIN, 1),
        h264('libdatachannel', BASELINE, 0),
        *VP8,
    )
]


class Bars:
    """The colours of the bars in every tenth picture; `colours` are the newest."""

    def __init__(self) -> None:
        self.colours: list[list[int]] = []
        self._count = 0

    def look(self, frame: ReceivedFrame) -> None:
        """Take a picture."""
        self._count += 1
        if self._count % 10 == 1:
            pixels = frame.picture.to_ndarray(format='rgb24')
            self.colours = [pixels[pixels.shape[0] // 4, x].tolist() for x in columns(pixels)]


@pytest.mark.parametrize('peer', SENDERS, ids=str)
async def test_its_film_is_received(
    peer: Peer,
    server: Program,
    start_peer: StartPeer,
    note: Note,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger='webrtc_bridge.receiving.stamper')
    marked = 'interop' in request.keywords
    seconds = 4.0 if marked else 1.5
    await start_peer(peer, 'send', 'guest')
    bars = Bars()
    async with watching(server.url, 'guest', bars.look) as seen:
        await seen.wait_for(lambda seen: SIZE in seen.sizes, 30.0)
        full = seen.times[seen.sizes.index(SIZE)]
        await seen.wait_for(lambda seen: seen.times[-1] > full + seconds)
        report = await seen.receiver.report()
    times = [at for at in seen.times if at >= full]
    fps = (len(times) - 1) / (times[-1] - times[0])
    note(f'{peer} → receiver', seen.times[0] - seen.started, fps, full=full - seen.times[0])
    assert seen.sizes[-1] == SIZE
    assert off(bars.colours, COLOURS) <= TOLERANCE
    assert report.codec == peer.codec
    assert seen.stamps == sorted(set(seen.stamps))
    assert stamped_by(caplog).count('capture') <= 1
    if marked:  # others run next to `make test`
        assert fps > LEAST_RATE


def stamped_by(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return by which times pictures were stamped: once distrusted, a sender is for good."""
    texts = (text.partition('stamping with ')[2] for text in caplog.messages)
    return [text.split()[0] for text in texts if text]


@pytest.mark.parametrize('peer', [Peer('wrtc', 'VP8').marked()], ids=str)
async def test_its_film_is_on_a_topic(
    peer: Peer, server: Program, start_module: Start, start_peer: StartPeer
) -> None:
    pytest.importorskip('rclpy', reason='needs rclpy')
    import numpy as np
    from support.ros.images import ImageSubscriber

    await start_peer(peer, 'send', 'guest')
    words = (f'server_url:={server.url}', 'sender_id:=guest', 'encoding:=rgb8')
    parameters = [word for each in words for word in ('-p', each)]
    await start_module('nodes.receiver_node', '--ros-args', *parameters)
    with ImageSubscriber('image_raw') as images:
        await images.wait_for_more(60, timeout=40)
        image = images.newest
    assert (image.width, image.height) == SIZE
    pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
    found = [pixels[image.height // 4, x].tolist() for x in columns(pixels)]
    assert off(found, COLOURS) <= TOLERANCE


@pytest.mark.parametrize('peer', SHOWN, ids=str)
async def test_its_film_is_shown_on_the_viewer_page(
    peer: Peer, server: Program, browser: Browser, start_peer: StartPeer
) -> None:
    await start_peer(peer, 'send', 'guest')
    page = await browser.page(f'http://127.0.0.1:{server.port}/?sender=guest')
    await until_it_moves(page, 'guest', 45)
    places = [[(2 * index + 1) / (2 * len(COLOURS)), 0.25] for index in range(len(COLOURS))]
    assert off(await colours(page, 'guest', places), COLOURS) <= TOLERANCE
    assert page.complaints == []
