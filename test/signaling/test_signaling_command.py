import functools
import socket as sockets
from pathlib import Path

import pytest
from programs import Start
from waiting import read
from websockets.asyncio.client import connect


@pytest.fixture
def start(start_module: Start) -> Start:
    """Return a coroutine function that starts the server's command with arguments."""
    return functools.partial(start_module, 'signaling_server')


async def test_the_command_serves_and_ends_cleanly(start: Start) -> None:
    program = await start('--port', '0')
    match = await program.line(r'serving on 127\.0\.0\.1:(\d+)')
    async with connect(f'ws://127.0.0.1:{match[1]}/sender?id=front') as socket:
        assert (await read(socket))['sender_id'] == 'front'
        assert await program.stop() == 0
    assert 'Traceback' not in program.output


async def test_a_port_in_use_is_one_line_and_status_3(start: Start) -> None:
    with sockets.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        program = await start('--port', str(port))
        assert await program.ended() == 3
    assert program.lines == [f'error: cannot listen on 127.0.0.1:{port}: address already in use']


@pytest.mark.parametrize(
    ('arguments', 'status'),
    [
        (['--host', 'no-such-host.invalid'], 3),
        (['--host', '192.0.2.1'], 3),
        (['--host', ''], 2),
        (['--port', 'http'], 2),
        (['--port', '70000'], 2),
        (['--heartbeat', 'nan'], 2),
        (['--ice-server', 'http://x'], 2),
        (['--ice-servers-file', str(Path(__file__).parent / 'nowhere.json')], 2),
        (['--ice-servers-file', '/'], 2),
    ],
)
async def test_what_cannot_work_is_one_line_and_a_status(
    start: Start, arguments: list[str], status: int
) -> None:
    program = await start('--port', '0', *arguments)
    assert await program.ended() == status
    (line,) = program.lines
    assert line.startswith('error: ')
