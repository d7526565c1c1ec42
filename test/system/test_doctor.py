"""`webrtc_bridge doctor` against real servers, each with a different fault, or none."""

import re
import socket
import time

import pytest
from aiohttp import web
from support.links.turn_server import SECRET as TURN_KEY
from support.links.turn_server import running_turn_server
from websockets.asyncio.client import connect

from webrtc_bridge.program.own_command import own_command
from webrtc_bridge.signaling.client.server_access import TOKEN
from webrtc_bridge.signaling.server.authentication import SECRET
from webrtc_bridge.signaling.server.ice_servers import TURN_SECRET

WORD = 'correct-horse-battery-staple'
MOST_SECONDS = 40.0


@pytest.fixture
def examine(start_module):
    """Return a coroutine function that runs the doctor; returns its exit status and lines."""

    async def run(url, *arguments, **variables):
        started = time.monotonic()
        doctor = await start_module('commands.doctor', '--server', url, *arguments, **variables)
        status = await doctor.ended(timeout=MOST_SECONDS + 10)
        assert time.monotonic() - started < MOST_SECONDS
        assert 'Traceback' not in doctor.output
        assert WORD not in doctor.output
        lines = [line for line in doctor.lines if not line.startswith('error: ')]
        assert all(re.match(r'(ok|FAILED|skipped) +\S', line) for line in lines), doctor.output
        return status, lines

    return run


def line_of(lines, name):
    (found,) = (line for line in lines if re.match(rf'\w+ +{re.escape(name)}: ', line))
    return ' '.join(found.split())


async def start_secure_server(start_module, tmp_path, *arguments, **variables):
    certificate, key = str(tmp_path / 'server.pem'), str(tmp_path / 'server.key')
    making = await start_module('commands.certificate', '--certificate', certificate, '--key', key)
    assert await making.ended() == 0, making.output
    server = await start_module(
        *('commands.signaling', '--port', '0', '--certificate', certificate, '--key', key),
        *arguments,
        **variables,
    )
    match = await server.line(r'serving on 127\.0\.0\.1:(\d+)')
    return f'wss://127.0.0.1:{match[1]}', certificate


async def test_all_checks_pass_and_a_session_is_measured(start_module, examine, tmp_path):
    async with running_turn_server(tmp_path) as turn:
        url, certificate = await start_secure_server(
            *(start_module, tmp_path, '--ice-server', turn.url('udp')),
            *('--ice-server', turn.url('tcp'), '--ice-server', f'stun:127.0.0.1:{turn.port}'),
            **{SECRET: WORD, TURN_SECRET: TURN_KEY},
        )
        camera = await start_module(
            *('commands.webcam', '--server', url, '--ca', certificate, '--id', 'front'),
            *('--source', 'test', '--name', 'Front door'),
            **{TOKEN: WORD},
        )
        await camera.line('registered')
        status, lines = await examine(url, '--ca', certificate, **{TOKEN: WORD})
        assert status == 0, lines
        assert all(line.startswith('ok ') for line in lines), lines
        assert 'valid until' in line_of(lines, 'TLS')
        assert 'senders 1, receivers 0' in line_of(lines, 'server')
        assert 'accepted' in line_of(lines, 'token')
        for transport in ('udp', 'tcp'):
            assert 'accepts the login, and relays at 127.0.0.1:' in line_of(
                lines, turn.url(transport)
            )
        assert '127.0.0.1:' in line_of(lines, f'stun:127.0.0.1:{turn.port}')
        assert line_of(lines, 'cameras') == 'ok cameras: front (Front door)'
        session = line_of(lines, 'session')
        assert re.search(r'front: H264 640x480, \d+\.\d fps', session)
        assert re.search(r' path \w+ \S+:\d+ -> \w+ \S+:\d+', session)

        status, lines = await examine(url, '--ca', certificate, '--id', 'rear', **{TOKEN: WORD})
        assert status == 1
        assert 'rear is not registered; start it, or choose another with --id: front' in line_of(
            lines, 'cameras'
        )


async def test_failures_of_ice_servers_are_reported_and_the_rest_goes_on(
    start_module, examine, tmp_path
):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(('127.0.0.1', 0))
        stun = f'stun:127.0.0.1:{silent.getsockname()[1]}'
        async with running_turn_server(tmp_path) as turn:
            server = await start_module(
                *('commands.signaling', '--port', '0', '--ice-server', stun),
                *('--ice-server', turn.url('udp'), '--ice-server', 'turn:127.0.0.1:1'),
                **{TURN_SECRET: 'wrong'},
            )
            match = await server.line(r'serving on (127\.0\.0\.1:\d+)')
            status, lines = await examine(f'ws://{match[1]}')
    assert status == 1
    assert 'FAILED' in line_of(lines, stun)
    assert 'no answer' in line_of(lines, stun)
    assert 'login refused (401' in line_of(lines, turn.url('udp'))
    assert 'TURN secret' in line_of(lines, turn.url('udp'))
    assert 'FAILED' in line_of(lines, 'turn:127.0.0.1:1')
    assert line_of(lines, 'session') == 'skipped session: no camera is registered'


async def test_a_server_without_cameras_is_well(server, examine):
    status, lines = await examine(server.url)
    assert status == 0, lines
    assert line_of(lines, 'session') == 'skipped session: no camera is registered'
    assert line_of(lines, 'TLS').startswith('ok TLS: none')
    assert re.match(r'ok clock: [01]\.\d+ s ', line_of(lines, 'clock'))


async def test_no_server_is_the_end_of_it(examine):
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))  # taken, but nobody listens
        port = unused.getsockname()[1]
        status, lines = await examine(f'ws://user:{WORD}@127.0.0.1:{port}')
    assert status == 1
    assert f'FAILED address: no server answers at 127.0.0.1 port {port} (connection' in line_of(
        lines, 'address'
    )
    assert [line.split()[0] for line in lines[1:]] == ['skipped'] * 7


async def test_something_else_at_the_port_is_no_server(start, examine):
    other = await start('-m', 'http.server', '--bind', '127.0.0.1', '0')
    port = (await other.line(r'port (\d+)'))[1]
    status, lines = await examine(f'ws://127.0.0.1:{port}')
    assert status == 1
    assert 'healthz returns status 404; another program listens on this port' in line_of(
        lines, 'server'
    )


@pytest.mark.parametrize(
    ('ahead', 'expected'),
    [
        (3600, r'FAILED clock: this clock is 3\d{3}\.\d+ s behind the server'),
        (None, r'ok clock: \d\.\d+ s (behind|ahead of) the server'),
    ],
    ids=['wrong', 'of a server that tells no time'],
)
async def test_the_clocks_are_compared(examine, ahead, expected):
    async def health(request):
        clock = {} if ahead is None else {'time': time.time() + ahead}
        return web.json_response({'status': 'ok', 'version': '0.0.1', **clock})

    app = web.Application()
    app.router.add_get('/healthz', health)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, '127.0.0.1', 0).start()
        status, lines = await examine(f'ws://127.0.0.1:{runner.addresses[0][1]}')
    finally:
        await runner.cleanup()
    assert status == 1
    assert re.match(expected, line_of(lines, 'clock'))
    assert 'version 0.0.1 (this is ' in line_of(lines, 'server')
    assert 'refused with HTTP status 404' in line_of(lines, 'token')


async def test_a_wrong_token_is_named_and_so_is_a_certificate_that_nobody_signed(
    start_module, examine, tmp_path
):
    url, certificate = await start_secure_server(start_module, tmp_path, **{SECRET: WORD})
    status, lines = await examine(url, '--ca', certificate, **{TOKEN: 'wrong'})
    assert status == 1
    assert 'FAILED token: token refused' in line_of(lines, 'token')
    assert f'right to view: {own_command("token")}' in line_of(lines, 'token')
    assert line_of(lines, 'session').startswith('skipped')

    status, lines = await examine(url, **{TOKEN: WORD})
    assert status == 1
    assert 'not signed by a trusted CA' in line_of(lines, 'TLS')
    assert line_of(lines, 'token').startswith('skipped')


async def test_unusable_options_are_reported_too(examine):
    status, lines = await examine('ws://127.0.0.1:1', '--token-file', '/no/such/file')
    assert status == 1
    assert '/no/such/file' in line_of(lines, 'options')
    assert line_of(lines, 'session') == 'skipped session: needs usable options'


@pytest.mark.long
async def test_a_sender_that_makes_no_offer_is_named(server, examine):
    async with connect(f'{server.url}/sender?id=front') as mute:
        await mute.recv()
        status, lines = await examine(server.url)
    assert status == 1
    assert 'FAILED session: front makes no offer' in line_of(lines, 'session')
