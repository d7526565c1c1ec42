"""Foreign peers at a signaling server, and the figures of a run."""

import socket
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from support.browser.chromium import Browser, running_chromium
from support.peers.foreign import PEERS, Note, Peer, StartPeer
from support.peers.senders import skip_unless_installed
from support.programs import Program, Start, start_server

START_TIMEOUT = 40.0
ROW = '{:56}{:>10}{:>12}{:>8}{:>12}'
HEAD = ('', 'first, s', 'then full', 'fps', 'kbit/s')
rows = pytest.StashKey[list[str]]()


@pytest.fixture
def page_port() -> Iterator[int]:
    """Return a port for the page of a browser, whose origin the server is to allow."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(('127.0.0.1', 0))
        yield taken.getsockname()[1]


@pytest.fixture
async def server(start_module: Start, page_port: int) -> Program:
    """Return a signaling server."""
    origin = f'http://127.0.0.1:{page_port}'
    return await start_server(start_module, 0, '--allowed-origin', origin)


@pytest.fixture
async def start_peer(server: Program, page_port: int) -> AsyncIterator[StartPeer]:
    """Return a coroutine function that starts a foreign peer; it is killed after the test."""
    peers: list[Program] = []

    async def start(peer: Peer, role: str, sender_id: str) -> Program:
        if missing := peer.missing():
            pytest.skip(missing)
        command = [*peer.command(page_port), role, server.url, sender_id, peer.codec]
        # Those in Python find each other, also where `make test` sets PYTHONSAFEPATH.
        python = {'PYTHONUNBUFFERED': '1', 'PYTHONPATH': str(PEERS)}
        peers.append(
            await Program.run(*command, *peer.parameters, PYTHON=sys.executable, **python)
        )
        await peers[-1].line('^registered', timeout=START_TIMEOUT)
        return peers[-1]

    yield start
    for program in peers:
        await program.kill()


@pytest.fixture(scope='session')
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the DevTools URL of a Chromium, for our pages."""
    skip_unless_installed('chromium')
    with running_chromium(tmp_path_factory.mktemp('chromium')) as url:
        yield url


@pytest.fixture
async def browser(devtools: str) -> AsyncIterator[Browser]:
    """Return a window of its own."""
    async with Browser.connect(devtools) as window:
        yield window


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Return a function that adds a line to the figures."""

    def add(what: str, first: float, fps: float, kbits: float = 0.0, full: float = 0.0) -> None:
        cells = (f'{first:.2f}', f'{full:.2f}', f'{fps:.1f}', f'{kbits:.0f}')
        request.config.stash[rows].append(ROW.format(what, *cells))

    return add


def pytest_configure(config: pytest.Config) -> None:
    config.stash[rows] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Print the figures."""
    if noted := config.stash.get(rows, []):
        terminalreporter.section('figures')
        for row in (ROW.format(*HEAD), *noted):
            terminalreporter.line(row)
