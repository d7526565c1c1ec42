"""A consumer that takes 200 ms for a picture gets fewer pictures, but no old ones."""

import statistics
import time

import pytest
from support.peers.watching import watching
from support.programs import SUPPORT
from support.resources import Resources

SIZE = ['--width', '640', '--height', '480', '--fps', '30']
PAUSE = 0.2
BEHIND_MS = 1000
'A queue of all pictures would be 3 s behind in the end.'

MOST_MEMORY = 20


@pytest.fixture
async def camera(start_module, server):
    camera = await start_module(
        'commands.webcam', '--server', server.url, '--id', 'front', '--source', 'test', *SIZE
    )
    await camera.line('registered')
    return camera


def typical(ages):
    """Return a bound that most are below; a busy machine delays a few."""
    return statistics.quantiles(ages, n=10)[-1]


async def test_a_slow_callback_gets_the_newest_picture(camera, start, server):
    ages = []

    def note_age(frame):
        ages.append((time.time_ns() - frame.stamp_ns) // 1_000_000)

    viewer = await start(str(SUPPORT / 'peers/viewing.py'), server.url, 'front', '1', str(PAUSE))
    await viewer.line('all see it')

    async def slow_ages():
        asked = len(viewer.lines)
        viewer.process.stdin.write(b'\n')
        return (await viewer.line('ages: (.*)', after=asked))[1].split()

    async with watching(server.url, 'front', note_age) as seen:
        await seen.wait_for_more(30)
        before = Resources.of(viewer.process.pid).memory
        await slow_ages(), ages.clear()
        await seen.wait_for_more(120)
        slow = [int(age) for age in await slow_ages()]
        grown = Resources.of(viewer.process.pid).memory - before
        behind = typical(slow) - typical(ages)
        print(f'{behind:.0f} ms behind, {grown:.1f} MiB more, {len(slow)} of {len(ages)} pictures')
        assert len(slow) < len(ages)
        assert behind < BEHIND_MS
        assert grown <= MOST_MEMORY
