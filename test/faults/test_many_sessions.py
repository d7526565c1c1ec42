"""Sessions that come and go, one after another, release everything that they held."""

import asyncio
import ctypes
import gc
import time

import pytest
from support.peers.session_pair import until
from support.peers.watching import watching
from support.resources import Resources

SMALL = ['--source', 'test', '--width', '320', '--height', '240']


async def cycles(url: str, number: int) -> None:
    """Connect, receive a few pictures and leave, `number` times."""
    for _ in range(number):
        async with watching(url, 'front') as seen:
            await seen.wait_for_more(3)


def trimmed() -> None:
    """Release free memory, so that the rest is in use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def given_back(now: Resources, before: Resources) -> bool:
    return now.files <= before.files and now.threads <= before.threads


@pytest.mark.parametrize(
    ('warm_up', 'number', 'most'),
    [
        (10, 40, 10),
        pytest.param(50, 500, 10, marks=pytest.mark.long),
    ],
)
async def test_what_sessions_held_is_given_back(start_module, server, warm_up, number, most):
    sender = await start_module('commands.webcam', '--server', server.url, '--id', 'front', *SMALL)
    programs = {'server': server.process.pid, 'sender': sender.process.pid, 'receiver': 'self'}
    # The event loop's pool of threads, so that it does not grow meanwhile.
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.1) for _ in range(32)))
    await cycles(server.url, warm_up)
    tasks = asyncio.all_tasks()
    trimmed()
    before = {name: Resources.of(pid) for name, pid in programs.items()}
    await cycles(server.url, number)
    trimmed()
    # The other programs release what the last session held when they know of its end.
    await until(
        lambda: all(given_back(Resources.of(programs[name]), before[name]) for name in programs)
    )
    after = {name: Resources.of(pid) for name, pid in programs.items()}
    print(f'before {before}\nafter  {after}')
    assert asyncio.all_tasks() == tasks
    for name in programs:
        assert after[name].memory - before[name].memory <= most, name
