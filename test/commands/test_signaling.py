import functools
import socket as sockets
from pathlib import Path

import pytest
from support.programs import Program, Start
from support.signaling.waiting import read
from websockets.asyncio.client import connect


@pytest.fixture
def start_command(start_module: Start) -> Start:
    """Return a coroutine function that starts the server's command with arguments."""
    return functools.partial(start_module, 'commands.signaling')


async def test_the_command_serves_and_ends_cleanly(start_command: Start) -> None:
    program = await start_command('--port', '0')
    match = await program.line(r'serving on 127\.0\.0\.1:(\d+)')
    async with connect(f'ws://127.0.0.1:{match[1]}/sender?id=front') as socket:
        assert (await read(socket))['sender_id'] == 'front'
        assert await program.stop() == 0
    assert 'Traceback' not in program.output


def libraries_of(program: Program) -> str:
    return Path(f'/proc/{program.process.pid}/maps').read_text()


async def test_it_serves_on_uvloop_where_that_is_installed(server: Program) -> None:
    pytest.importorskip('uvloop')
    assert '/uvloop/' in libraries_of(server)
    assert await server.stop() == 0


WITHOUT_UVLOOP = """
import sys
sys.modules['uvloop'] = None
from webrtc_bridge.commands.signaling import main
sys.exit(main(['--port', '0']))
"""


async def test_it_serves_without_uvloop(start: Start) -> None:
    program = await start('-c', WITHOUT_UVLOOP)
    match = await program.line(r'serving on 127\.0\.0\.1:(\d+)')
    assert '/uvloop/' not in libraries_of(program)
    async with connect(f'ws://127.0.0.1:{match[1]}/sender?id=front') as socket:
        assert (await read(socket))['sender_id'] == 'front'
    assert await program.stop() == 0


async def test_a_port_in_use_is_one_line_and_status_3(start_command: Start) -> None:
    with sockets.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        program = await start_command('--port', str(port))
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
    start_command: Start, arguments: list[str], status: int
) -> None:
    program = await start_command('--port', '0', *arguments)
    assert await program.ended() == status
    (line,) = program.lines
    assert line.startswith('error: ')
