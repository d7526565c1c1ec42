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


async def test_a_sender_that_was_killed_is_missed(start_camera, server, caplog):
    camera = await start_camera(server.url)
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(10)
        await camera.kill()
        await until(lambda: 'front' not in seen.receiver.senders)
        await until(lambda: 'front is stale' in caplog.text)
        camera = await start_camera(server.url)
        await seen.wait_for_more(10)
        caplog.clear()
        await server.kill()
        await camera.kill()
        await until(lambda: 'front is stale' in caplog.text)


@pytest.mark.parametrize('seconds', [3.0, pytest.param(10.0, marks=pytest.mark.long)])
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
        await until(lambda: 'front is stale' in caplog.text)
        await asyncio.sleep(stopped + seconds - time.monotonic())
        lines = len(camera.lines)
        for program in (camera, viewer):
            program.process.send_signal(signal.SIGCONT)
        resumed = time.monotonic()
        await seen.first_after(resumed)
        before = await pictures(viewer)
        while await pictures(viewer) < before + 10:  # noqa: ASYNC110, nothing else tells
            await asyncio.sleep(0.05)
        await seen.wait_for_more(2 * FPS)
        sessions = [line for line in camera.lines[lines:] if line.endswith(' connected')]
        assert len(sessions) <= 2, camera.output
        assert 'camera lost' not in camera.output
        # The other stream did not wait for the viewer that hung.
        assert rear.longest_gap(stopped) < seconds / 2
        assert 'camera lost' not in other.output


def given_back(before: Resources, now: Resources) -> bool:
    return now.files <= before.files and now.threads <= before.threads


async def pictures(viewer: Program) -> int:
    """Return how many pictures the first receiver of the program has."""
    viewer.process.stdin.write(b'\n')
    return int((await viewer.line(r'pictures: (\d+)', after=len(viewer.lines)))[1])


async def test_of_sixteen_viewers_fifteen_are_killed(start_camera, start, server, caplog):
    camera = await start_camera(server.url)
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(10)
        before = Resources.of(camera.process.pid)
        others = await start(VIEWING, server.url, 'front', '15')
        await others.line('all see it')
        assert Resources.of(camera.process.pid).files >= before.files + 15
        await others.kill()
        path = await seen.path()
        await until(lambda: given_back(before, Resources.of(camera.process.pid)), 20.0)
        await seen.wait_for_more(FPS)
        assert await seen.path() == path, 'another session'
        assert 'front is stale' not in caplog.text


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
async def test_a_sender_that_is_told_to_end_says_bye_to_all(start_camera, server, caplog, number):
    caplog.set_level(logging.INFO)
    camera = await start_camera(server.url)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            seen = await stack.enter_async_context(watching(server.url, 'front'))
            await seen.wait_for_more(5)
        assert await camera.stop(number) == 0
        await until(lambda: caplog.text.count('the peer said bye') == 4)
