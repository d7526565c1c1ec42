"""Senders and receivers that are killed, stopped or told to end in the middle of a stream."""

import asyncio
import logging
import signal
import time
from contextlib import AsyncExitStack

import pytest
from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import SUPPORT, Program
from support.resources import Resources

VIEWING = str(SUPPORT / 'peers/viewing.py')
FPS = 30


@pytest.fixture
def start_camera(start_module):
    async def start(url, sender_id='front'):
        small = ['--source', 'test', '--width', '320', '--height', '240', '--fps', str(FPS)]
        return await start_module('commands.webcam', '--server', url, '--id', sender_id, *small)

    return start


def since(started: float) -> float:
    return time.monotonic() - started


async def test_a_sender_that_was_killed_is_missed(start_camera, server, caplog):
    camera = await start_camera(server.url)
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(10)
        await camera.kill()
        killed = time.monotonic()
        await until(lambda: 'front' not in seen.receiver.senders, 1.0)
        await until(lambda: 'front is stale' in caplog.text, 3.0 - since(killed))
        camera = await start_camera(server.url)
        await seen.wait_for_more(10)
        caplog.clear()
        await server.kill()
        await camera.kill()
        await until(lambda: 'front is stale' in caplog.text, 3.0)


@pytest.mark.parametrize('seconds', [4.0, pytest.param(10.0, marks=pytest.mark.long)])
async def test_a_sender_and_a_receiver_that_hang_go_on(
    start_camera, start, server, caplog, seconds
):
    camera, other = await start_camera(server.url), await start_camera(server.url, 'rear')
    viewer = await start(VIEWING, server.url, 'rear', '1')
    await viewer.line('all see it')
    async with watching(server.url, 'front') as seen, watching(server.url, 'rear') as rear:
        await seen.wait_for_more(10)
        await rear.wait_for_more(10)
        for program in (camera, viewer):
            program.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        await until(lambda: 'front is stale' in caplog.text, 3.0)
        stale = since(stopped)
        await asyncio.sleep(stopped + seconds - time.monotonic())
        lines = len(camera.lines)
        for program in (camera, viewer):
            program.process.send_signal(signal.SIGCONT)
        resumed = time.monotonic()
        await seen.wait_for(lambda seen: seen.times[-1] > resumed)
        first = seen.times[-1] - resumed
        before = await pictures(viewer)
        while await pictures(viewer) < before + 10:  # noqa: ASYNC110, nothing else tells
            await asyncio.sleep(0.05)
        second = since(resumed)
        await seen.wait_for_more(2 * FPS)
        sessions = [line for line in camera.lines[lines:] if line.endswith(' connected')]
        print(
            f'stale after {stale:.2f} s; a picture {first:.2f} s after, {len(sessions)} sessions'
        )
        print(f'10 pictures for the receiver {second:.2f} s after')
        assert stale < 2.5
        assert first < 1.0
        assert seen.longest_gap(resumed) < 1.0
        assert len(sessions) <= 2, camera.output
        assert 'camera lost' not in camera.output
        assert second < 3.0
        assert rear.longest_gap(stopped) < 0.5
        assert 'camera lost' not in other.output


def given_back(before: Resources, now: Resources) -> bool:
    return now.files <= before.files and now.threads <= before.threads


async def pictures(viewer: Program) -> int:
    """Return how many pictures the first receiver of the program has."""
    viewer.process.stdin.write(b'\n')
    return int((await viewer.line(r'pictures: (\d+)', after=len(viewer.lines)))[1])


async def test_of_sixteen_viewers_fifteen_are_killed(start_camera, start, server):
    camera = await start_camera(server.url)
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(10)
        before = Resources.of(camera.process.pid)
        others = await start(VIEWING, server.url, 'front', '15')
        await others.line('all see it')
        started, count = time.monotonic(), len(seen.times)
        await seen.wait_for_more(FPS)
        rate = (len(seen.times) - count) / since(started)
        assert Resources.of(camera.process.pid).files >= before.files + 15
        await others.kill()
        killed, count = time.monotonic(), len(seen.times)

        while not given_back(before, now := Resources.of(camera.process.pid)):
            assert since(killed) < 8.0, f'{before} {now} {camera.output}'
            await asyncio.sleep(0.02)
        back = since(killed)
        left = (len(seen.times) - count) / back
        print(f'back after {back:.2f} s, {rate:.1f} before and {left:.1f} pictures a second after')
        assert back < 5.0
        assert left >= 28 / 30 * rate


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
async def test_a_sender_that_is_told_to_end_says_bye_to_all(start_camera, server, caplog, number):
    caplog.set_level(logging.INFO)
    camera = await start_camera(server.url)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            seen = await stack.enter_async_context(watching(server.url, 'front'))
            await seen.wait_for_more(5)
        asked = time.time()
        assert await camera.stop(number) == 0
        byes = [record for record in caplog.records if 'the peer said bye' in record.message]
        assert len(byes) == 4
        assert max(record.created for record in byes) - asked < 0.5
