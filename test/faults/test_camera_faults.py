"""A camera with a viewer is unplugged, its clock jumps, or its size changes."""

import asyncio
import itertools
import time

import pytest
from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import SUPPORT

FAULTY_CAMERA = str(SUPPORT / 'media/faulty_camera.py')
JUMP = 8
'Seconds; beyond 10 a time of capture is implausible.'


@pytest.fixture
async def camera(start, server):
    camera = await start(FAULTY_CAMERA, server.url, 'front')
    await camera.line('registered')
    return camera


def tell(camera, command: str) -> float:
    """Send the camera a command; return when."""
    camera.process.stdin.write(f'{command}\n'.encode())
    return time.monotonic()


def sessions(camera) -> int:
    return sum(line.endswith(' connected') for line in camera.lines)


@pytest.mark.parametrize('seconds', [3.0, pytest.param(30.0, marks=pytest.mark.long)])
async def test_a_camera_that_was_unplugged_is_shown_again(camera, server, seconds):
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(10)
        tell(camera, 'unplug')
        await camera.line('camera lost')
        await asyncio.sleep(seconds)
        back = tell(camera, 'plug')
        await seen.first_after(back)
        assert sessions(camera) == (1 if seconds < 10 else 2)


async def test_a_camera_whose_clock_jumps_goes_on(camera, server, caplog):
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(30)
        started = time.monotonic()
        for jump, flag in (
            (-JUMP, 'stand still'),
            (3600, 'with arrival time'),
            (0, 'with capture time'),
        ):
            caplog.clear()
            caplog.set_level('INFO')
            tell(camera, f'clock {jump}')
            await until(lambda flag=flag: flag in caplog.text)
            await seen.wait_for_more(30)
        # Waiting for stamps to rise again would take as long as the jump.
        assert seen.longest_gap(started) < JUMP / 2
        assert all(a < b for a, b in itertools.pairwise(seen.stamps))


async def test_a_camera_that_changes_its_size_stays_in_the_session(camera, server, caplog):
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(30)
        for size in ((640, 480), (1280, 720), (160, 120)):
            tell(camera, 'size {} {}'.format(*size))
            await seen.wait_for(lambda seen, size=size: seen.sizes[-1] == size)
            await seen.wait_for_more(15)
        assert sessions(camera) == 1
        assert 'is stale' not in caplog.text
