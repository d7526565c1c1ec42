"""No packet passes between the peers for a while; signaling goes on."""

import asyncio
import time

import pytest
from support.browser.chromium import Browser
from support.browser.pictures import frames, until_it_moves
from support.links.signaling_proxy import relayed_signaling
from support.peers.senders import KINDS, SENDER_ID, StartSender, start_program
from support.peers.watching import watching
from support.programs import Program, Start

NEW_SESSION = 10.0
'Seconds to the first picture after the path is there again; the deadline of a test is 20.'


@pytest.mark.parametrize(
    ('kind', 'seconds'),
    [
        ('gstreamer', 3.0),  # test_second_machine.py has a real link, and our own sender
        *(
            pytest.param(kind, seconds, marks=pytest.mark.long)
            for kind in KINDS
            for seconds in (5.0, 9.0, 36.0)
        ),
    ],
)
async def test_the_video_is_back_soon_after_the_path(
    start_sender: StartSender, server: Program, kind: str, seconds: float
) -> None:
    """It is a new session, requested when the video became stale, after 2 s."""
    await start_sender(kind)
    async with relayed_signaling(server.url) as (url, relay), watching(url, SENDER_ID) as seen:
        await seen.wait_for_more(30)
        relay.set_down(True)
        await asyncio.sleep(seconds)
        relay.set_down(False)
        back = time.monotonic()
        assert await seen.first_after(back) - back < NEW_SESSION
        await seen.wait_for_more(30)


@pytest.mark.long
@pytest.mark.parametrize('seconds', [5.0, 20.0])
@pytest.mark.parametrize('kind', ['aiortc h264', 'gstreamer'])
async def test_the_viewer_page_shows_the_video_again(
    start_module: Start, server: Program, browser: Browser, kind: str, seconds: float
) -> None:
    async with relayed_signaling(server.url) as (url, relay):
        await start_program(kind, start_module, url)
        page = await browser.page(f'http://127.0.0.1:{server.port}/?sender={SENDER_ID}')
        await until_it_moves(page, SENDER_ID)
        relay.set_down(True)
        await asyncio.sleep(seconds)
        relay.set_down(False)
        back, shown = time.monotonic(), await frames(page, SENDER_ID)
        while await frames(page, SENDER_ID) in (0, shown):
            assert time.monotonic() - back < NEW_SESSION
        await until_it_moves(page, SENDER_ID)
