"""Peers with faults between them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from support.browser.chromium import Browser, running_chromium
from support.browser.publish_page import publish
from support.links.network_namespace import Robot, new_robot
from support.peers.senders import SENDER_ID, StartSender, skip_unless_installed, start_program
from support.peers.session_pair import CameraHarness
from support.programs import Program, Start


@pytest.fixture
async def harness() -> AsyncIterator[CameraHarness]:
    """Return a camera and its encoder."""
    harness = CameraHarness()
    yield harness
    harness.close()


@pytest.fixture(scope='session')
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the DevTools URL of a Chromium."""
    skip_unless_installed('chromium')
    with running_chromium(tmp_path_factory.mktemp('chromium')) as url:
        yield url


@pytest.fixture
async def browser(devtools: str) -> AsyncIterator[Browser]:
    """Return a window of its own."""
    async with Browser.connect(devtools) as window:
        yield window


@pytest.fixture
async def start_sender(
    request: pytest.FixtureRequest, start_module: Start, server: Program
) -> AsyncIterator[StartSender]:
    """Return a coroutine function that starts a sender, of a kind in `KINDS`, at `server`."""
    async with AsyncExitStack() as stack:

        async def start_kind(kind: str) -> None:
            skip_unless_installed(kind)
            if kind != 'chromium':
                await start_program(kind, start_module, server.url)
                return
            devtools = request.getfixturevalue('devtools')
            browser = await stack.enter_async_context(Browser.connect(devtools))
            await publish(browser, server.port, SENDER_ID)

        yield start_kind


@pytest.fixture
async def robot() -> AsyncIterator[Robot]:
    """Return another machine, whose cable to this one is not plugged in."""
    with new_robot() as machine:
        yield machine
        await machine.kill_all()
