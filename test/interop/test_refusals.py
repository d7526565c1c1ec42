"""Codecs that cannot be taken are refused by name, with those that would be."""

import pytest
from support.browser.chromium import Browser
from support.peers.foreign import Peer, StartPeer
from support.peers.senders import SENDER_ID, start_program
from support.peers.watching import watching
from support.programs import Program, Start

OFFERED = [
    Peer('webrtcbin', 'VP9'),
    Peer('chromium', 'AV1').marked(),
    Peer('wrtc', 'VP9').marked(),
    Peer('libdatachannel', 'VP9').marked(),
    Peer('libdatachannel', 'AV1').marked(),
    Peer('libdatachannel', 'H265').marked(),
]


@pytest.mark.parametrize('peer', OFFERED, ids=str)
async def test_a_receiver_refuses_an_offer(
    peer: Peer, server: Program, start_peer: StartPeer
) -> None:
    program = await start_peer(peer, 'send', 'guest')
    async with watching(server.url, 'guest'):
        (reason,) = (await program.line('^bye "(.*)"')).groups()
    assert reason.endswith(f"the peer offers '{peer.codec}'")
    assert 'VP8 and H264' in reason


@pytest.mark.interop
async def test_the_viewer_page_refuses_an_offer(
    server: Program, browser: Browser, start_peer: StartPeer
) -> None:
    program = await start_peer(Peer('libdatachannel', 'H265'), 'send', 'guest')
    page = await browser.page(f'http://127.0.0.1:{server.port}/?sender=guest')
    await program.line('^bye "no codec: this browser takes none of H265"')
    await page.until("document.body.innerText.includes('that the camera offers (H265)')")


@pytest.mark.parametrize('kind', ['aiortc h264', 'gstreamer'])
@pytest.mark.parametrize('peer', [Peer('chromium', 'VP9').marked()], ids=str)
async def test_a_sender_refuses_an_answer(
    peer: Peer, kind: str, server: Program, start_module: Start, start_peer: StartPeer
) -> None:
    await start_program(kind, start_module, server.url)
    program = await start_peer(peer, 'view', SENDER_ID)
    (reason,) = (await program.line('^bye "(.*)"')).groups()
    assert 'takes no H264' in reason
