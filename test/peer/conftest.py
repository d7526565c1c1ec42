"""Sessions that leave nothing behind, on a network that every machine has."""

import asyncio
import gc
import os
import threading

import aioice.ice
import pytest
from session_pair import CameraStation, SessionPair, until


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch):
    # aioice leaves loopback out, so that a machine with no other interface has no candidate.
    monkeypatch.setattr(aioice.ice, 'get_host_addresses', lambda *_, **__: ['127.0.0.1'])


def open_sockets():
    links = []
    for descriptor in os.listdir('/proc/self/fd'):
        try:
            links.append(os.readlink(f'/proc/self/fd/{descriptor}'))
        except FileNotFoundError:
            continue  # the listing's own
    return {link for link in links if link.startswith('socket:')}


def other_tasks():
    return asyncio.all_tasks() - {asyncio.current_task()}


def threads():
    # asyncio's own pool ends with the loop.
    return {t for t in threading.enumerate() if not t.name.startswith('asyncio_')}


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
async def station(nothing_left):
    station = CameraStation()
    yield station
    station.close()


@pytest.fixture
async def connect(station):
    """Return a function that starts a pair of sessions; they are closed in the end."""
    pairs = []

    def started(*arguments):
        pairs.append(SessionPair(station.broadcast, *arguments).start())
        return pairs[-1]

    yield started
    for pair in pairs:
        await pair.close()
