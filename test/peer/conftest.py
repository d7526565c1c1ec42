"""Sessions that leave nothing behind, on a network that every machine has."""

import gc

import aioice.ice
import pytest
from support.leaks import open_sockets, other_tasks, threads
from support.peers.session_pair import CameraHarness, SessionPair, until


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch):
    # aioice leaves loopback out, so that a machine with no other interface has no candidate.
    monkeypatch.setattr(aioice.ice, 'get_host_addresses', lambda *_, **__: ['127.0.0.1'])


@pytest.fixture
async def nothing_left():
    """Check that a test leaves no task, no thread and no socket behind."""
    sockets, tasks, running = open_sockets(), other_tasks(), threads()
    yield
    gc.collect()
    left = {}

    def nothing():
        left['tasks'] = other_tasks() - tasks
        left['threads'] = threads() - running
        left['sockets'] = open_sockets() - sockets
        return not any(left.values())

    try:
        await until(nothing, 3.0)
    except AssertionError:
        pytest.fail(f'left behind: {left}')


@pytest.fixture
async def harness(nothing_left):
    harness = CameraHarness()
    yield harness
    harness.close()


@pytest.fixture
async def connect(harness):
    """Return a function that starts a pair of sessions; they are closed in the end."""
    pairs = []

    def started(*arguments):
        pairs.append(SessionPair(harness.broadcast, *arguments).start())
        return pairs[-1]

    yield started
    for pair in pairs:
        await pair.close()
