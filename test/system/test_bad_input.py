"""A program answers an unusable command line with one line and an exit status."""

import socket

import pytest

SENDER, SERVER = 'commands.webcam', 'commands.signaling'


@pytest.mark.parametrize(
    ('module', 'arguments', 'status', 'line'),
    [
        (
            SENDER,
            ['--server', 'http://localhost:8080'],
            2,
            "error: --server: 'http://localhost:8080' given, "
            'expected ws://host:port or wss://host:port',
        ),
        (
            SENDER,
            ['--id', 'a b'],
            2,
            "error: --id: 'a b' given, "
            'expected 1 to 64 letters, digits, dots, dashes and underscores',
        ),
        (SENDER, ['--fps', '0'], 2, 'error: --fps: 0.0 given, expected a number from 0.1 to 240'),
        (SENDER, ['--fps', 'nan'], 2, 'error: --fps: nan given, expected a number'),
        (
            SENDER,
            ['--source', 'test', '--width', '641'],
            2,
            'error: width: 641 given, expected an even number of pixels for the test pattern',
        ),
        (
            SENDER,
            ['--source', 'gopher://x'],
            2,
            "error: --source: 'gopher://x' given, expected auto",
        ),
        (SENDER, ['--source', '/dev/video77'], 3, 'error: source /dev/video77: no such device'),
        (SENDER, ['--source', '/no/film.mp4'], 3, 'error: source /no/film.mp4: no such file'),
        (SENDER, ['--source', __file__], 3, 'cannot be read as video'),
        (
            SENDER,
            ['--source', 'rtsp://user:secret@127.0.0.1:1/x'],
            3,
            'error: source rtsp://127.0.0.1:1/x: no answer',
        ),
        (SERVER, ['--port', '99999'], 2, 'error: --port: 99999 given, expected a whole number'),
        (SERVER, ['--host', 'no.such.host.invalid'], 3, 'cannot listen on no.such.host.invalid'),
        (SERVER, ['--ice-servers-file', '/no/such/file'], 2, '/no/such/file'),
    ],
)
async def test_what_cannot_be_used_is_said_in_one_line(
    start_module, module, arguments, status, line
):
    program = await start_module(module, *arguments)
    assert await program.ended() == status, program.output
    assert line in program.output
    assert len(program.lines) == 1, program.output
    assert 'secret' not in program.output


async def test_a_port_in_use_is_said_in_one_line(start_module):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        program = await start_module(SERVER, '--port', str(port))
        assert await program.ended() == 3
    assert f'error: cannot listen on 127.0.0.1:{port}: ' in program.output
    assert len(program.lines) == 1


async def test_a_server_that_is_not_there_is_waited_for_with_one_line(start_module):
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))  # taken, but nobody listens
        url = f'ws://user:secret@127.0.0.1:{unused.getsockname()[1]}'
        program = await start_module(SENDER, '--source', 'test', '--server', url)
        await program.line('not reachable')
        after = len(program.lines)
        with pytest.raises(AssertionError, match='did not come in time'):
            await program.line('not reachable', after=after, timeout=3.0)
        assert await program.stop() == 0
    assert 'secret' not in program.output
