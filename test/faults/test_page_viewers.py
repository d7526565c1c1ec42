"""Viewer pages that come and go."""

import pytest
from support.browser.pictures import until_it_moves
from support.peers.senders import SENDER_ID, skip_unless_installed, start_program
from support.peers.session_pair import until
from support.resources import Resources

PAGES = 3
SPARE_FILES = 4
'Files that a sender keeps once it was used; a session has ten.'


@pytest.mark.parametrize('kind', ['aiortc h264', 'gstreamer'])
async def test_pages_that_leave_take_their_sessions_along(start_module, server, browser, kind):
    """Browsers hide their addresses behind names, which other receivers here do not."""
    skip_unless_installed(kind)
    sender = await start_program(kind, start_module, server.url)
    before = Resources.of(sender.process.pid)
    page = await browser.page('about:blank?')
    for _ in range(PAGES):
        await page.open(f'http://127.0.0.1:{server.port}/?sender={SENDER_ID}')
        await until_it_moves(page, SENDER_ID, 3)
        during = Resources.of(sender.process.pid)
        await page.open('about:blank?')
    assert during.files > before.files
    most = before.files + SPARE_FILES
    await until(lambda: Resources.of(sender.process.pid).files <= most, 20.0)
