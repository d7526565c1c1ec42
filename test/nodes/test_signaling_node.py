import asyncio
import json
import signal
import socket
import urllib.request

import pytest

NODE = ('-m', 'webrtc_bridge.nodes.signaling_node')


def with_parameters(*parameters: str) -> list[str]:
    return [*NODE, '--ros-args', *(word for one in parameters for word in ('-p', one))]


async def serving(program) -> int:
    """Return the port that the node serves on."""
    line = await program.wait_for_line('serving on')
    return int(line.rpartition(':')[2])


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_and_a_signal_ends_it_with_status_0(start, number):
    program = await start(*with_parameters('port:=0', 'message_rate:=300'))
    port = await serving(program)
    health = await asyncio.to_thread(
        lambda: json.load(urllib.request.urlopen(f'http://127.0.0.1:{port}/healthz', timeout=10))
    )
    assert health['status'] == 'ok'
    assert await program.stop(number) == 0
    assert not any('Traceback' in line for line in program.lines)


async def test_a_port_in_use_is_reported_in_one_line_with_status_3(start):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        program = await start(*with_parameters(f'port:={port}'))
        assert await program.ended() == 3
    (line,) = [line for line in program.lines if line.startswith('signaling_node: ')]
    assert f'cannot listen on 127.0.0.1:{port}' in line
    assert not any('Traceback' in line for line in program.lines)


@pytest.mark.parametrize(
    ('parameter', 'line'),
    [
        ('prt:=1', 'parameter prt: unknown, expected port'),
        ('port:=http', "parameter port: 'http' given, expected a whole number from 0 to 65535"),
        ('port:=70000', 'parameter port: 70000 given'),
        ('ice_servers_file:=/no/such/file', 'parameter ice_servers_file: '),
    ],
)
async def test_an_invalid_parameter_is_reported_in_one_line_with_status_2(start, parameter, line):
    program = await start(*with_parameters(parameter))
    assert await program.ended() == 2, program.lines
    assert program.lines[-1].startswith(f'signaling_node: {line}')
    assert not any('Traceback' in line for line in program.lines)
