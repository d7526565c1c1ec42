"""Our pages in Firefox: the publish page to all receivers, and the viewer page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.browser.chromium import Browser
from support.browser.firefox import PROGRAM, Page, firefox_page
from support.browser.pictures import tile, until_it_moves
from support.peers.senders import SENDER_ID, start_program
from support.peers.watching import watching
from support.programs import Program, Start

pytestmark = pytest.mark.interop

KINDS = ('aiortc vp8', 'gstreamer')


@pytest.fixture
async def firefox(tmp_path: Path) -> AsyncIterator[Page]:
    """Return the page of a Firefox."""
    if PROGRAM is None:
        pytest.skip('needs firefox')
    async with firefox_page(tmp_path) as page:
        yield page


async def test_its_camera_arrives_at_a_receiver_and_in_chromium(
    server: Program, firefox: Page, browser: Browser
) -> None:
    address = f'http://127.0.0.1:{server.port}'
    await firefox.open(f'{address}/publish')
    await firefox.until("document.querySelectorAll('#camera option').length")
    await firefox.value(
        "[document.getElementById('id').value = 'phone', document.getElementById('start').click()]"
    )
    async with watching(server.url, 'phone') as seen:
        await seen.wait_for_more(60, 40.0)
    page = await browser.page(f'{address}/?sender=phone')
    await until_it_moves(page, 'phone')
    assert page.complaints == []


@pytest.mark.parametrize('kind', KINDS)
async def test_the_viewer_page_plays_a_camera(
    kind: str, server: Program, start_module: Start, firefox: Page
) -> None:
    await start_program(kind, start_module, server.url)
    await firefox.open(f'http://127.0.0.1:{server.port}/?sender={SENDER_ID}')
    await firefox.until(
        f"document.querySelector('{tile(SENDER_ID)}')?.dataset.state === 'playing'"
    )
    await firefox.until(r'/640×480\s+Frame rate\s+\d\d fps/.test(document.body.innerText)')
