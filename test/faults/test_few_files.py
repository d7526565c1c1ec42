"""Programs that may open few files refuse what is too much, and lose nothing else."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import SUPPORT
from support.resources import Resources
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

VIEWING = str(SUPPORT / 'peers/viewing.py')
FILES = 64
DEADLINE = 20.0
WITH_FEW_FILES = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
sys.argv.pop(0)
if sys.argv[0].endswith('.py'):
    runpy.run_path(sys.argv[0], run_name='__main__')
else:
    runpy.run_module(sys.argv[0], run_name='__main__')
"""
SMALL = ['--source', 'test', '--width', '160', '--height', '120', '--fps', '10']


@pytest.fixture
def start_limited(start):
    async def start_program(*words):
        return await start('-c', WITH_FEW_FILES, *words)

    return start_program


async def test_a_server_without_files_says_503_and_recovers(start_limited):
    server = await start_limited('webrtc_bridge.commands.signaling', '--port', '0')
    url = f'ws://127.0.0.1:{(await server.line("serving on 127.0.0.1:(.*)"))[1]}/receiver'
    refusals = []
    async with AsyncExitStack() as stack:
        for _ in range(FILES):
            try:
                await stack.enter_async_context(connect(url))
            except InvalidStatus as error:
                refusals.append(error.response.status_code)
    assert 20 < FILES - len(refusals) < FILES
    assert set(refusals) == {503}
    async with asyncio.timeout(DEADLINE), connect(url) as socket:
        assert 'registered' in await socket.recv()
    assert 'Traceback' not in server.output


async def test_a_sender_without_files_refuses_viewers_and_recovers(start, start_limited, server):
    camera = await start_limited(
        'webrtc_bridge.commands.webcam', '--server', server.url, '--id', 'front', *SMALL
    )
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(5)
        few = Resources.of(camera.process.pid).files
        many = await start(VIEWING, server.url, 'front', '40')
        await camera.line(r'refused a session with \S+: the sender may not open more files')
        await seen.wait_for_more(10)
        assert few + 10 < Resources.of(camera.process.pid).files < FILES
        await many.kill()
        await until(lambda: Resources.of(camera.process.pid).files <= few, DEADLINE)
        async with watching(server.url, 'front') as late:
            await late.wait_for_more(5)
            await seen.first_after(late.times[0])
        assert 'Traceback' not in camera.output


async def test_receivers_without_files_are_served_as_far_as_they_go(
    start_limited, start_module, server
):
    await start_module('commands.webcam', '--server', server.url, '--id', 'front', *SMALL)
    many = await start_limited(VIEWING, server.url, 'front', '20')

    async def pictures():
        asked = len(many.lines)
        many.process.stdin.write(b'\n')
        line = await many.line('pictures: (.*) ages', after=asked)
        return [int(number) for number in line[1].split()]

    async def served(before, least):
        async with asyncio.timeout(DEADLINE):
            while True:
                now = await pictures()
                if sum(b >= a + 5 for a, b in zip(before, now, strict=True)) >= least:
                    return now
                await asyncio.sleep(0.2)

    now = await served([0] * 20, 10)
    await served(now, 10)
    assert 'Traceback' not in many.output
