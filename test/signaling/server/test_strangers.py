"""Those without a token, and those who speak no HTTP, cost nobody anything."""

import asyncio
import logging
import socket as sockets
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.signaling.waiting import DEADLINE, read, until
from websockets.asyncio.client import connect

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.log_lines import BURST, BoundedHandler
from webrtc_bridge.signaling.server.authentication import PROTOCOL, SECRET
from webrtc_bridge.signaling.server.http_pages import HEADERS
from webrtc_bridge.signaling.server.server import SignalingServer

WORDS = 'a secret of several words'
UPGRADE = (
    'GET /receiver HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n'
    f'Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n'
).encode()
WITH_SECRET = UPGRADE.replace(b'Host', f'Authorization: Bearer {WORDS}\r\nHost'.encode())
HANG_UP = struct.pack('ii', 1, 0)
'SO_LINGER: a reset instead of an orderly end.'


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SignalingServer]:
    monkeypatch.setenv(SECRET, WORDS)
    options = SignalingOptions(port=0, max_sockets=8, max_sockets_per_address=4)
    async with SignalingServer(options) as serving:
        yield serving


def authorized() -> dict[str, Any]:
    return {'additional_headers': {'Authorization': f'Bearer {WORDS}'}, 'open_timeout': DEADLINE}


def stranger(server: SignalingServer, request: bytes = UPGRADE) -> sockets.socket:
    """Return a connection that has asked for a WebSocket, and never reads or ends."""
    raw = sockets.create_connection(('127.0.0.1', server.port), timeout=DEADLINE)
    raw.sendall(request)
    return raw


async def test_who_has_a_token_gets_in_whatever_those_without_one_hold(
    server: SignalingServer,
) -> None:
    strangers = [await asyncio.to_thread(stranger, server) for _ in range(50)]
    for _ in range(20):
        async with connect(f'{server.url}/receiver', **authorized()) as socket:
            assert (await read(socket))['type'] == 'registered'
        await until(lambda: server.counts['receivers'] == 0)
        strangers.append(await asyncio.to_thread(stranger, server))
    for raw in strangers:
        raw.close()


async def test_a_stranger_is_told_why_and_its_connection_is_ended(server: SignalingServer) -> None:
    raw = await asyncio.to_thread(stranger, server)
    reader, writer = await asyncio.open_connection(sock=raw)
    # It answers no close frame, and yet reads the end.
    said = await asyncio.wait_for(reader.read(), DEADLINE)
    assert b'token: none given' in said
    writer.close()


async def test_a_thousand_strangers_put_a_hundred_lines_into_the_log(
    server: SignalingServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level('INFO')
    # As a program logs; a logger itself has no bound.
    monkeypatch.setattr(logging.getLogger(), 'handlers', [BoundedHandler(caplog.handler)])
    attempts = 3 * BURST

    def knock() -> None:
        for _ in range(attempts):
            with stranger(server) as raw:
                while raw.recv(4096):
                    pass

    await asyncio.wait_for(asyncio.to_thread(knock), 60)
    refused = [r for r in caplog.records if r.getMessage().startswith('refused ')]
    assert BURST <= len(refused) < 2 * BURST


@pytest.mark.parametrize(
    'request_bytes', [UPGRADE, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'\0\r\n\r\n']
)
async def test_who_hangs_up_leaves_no_traceback(
    server: SignalingServer, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    def hang_up(after: int) -> None:
        raw = stranger(server, request_bytes)
        if after:
            raw.recv(after)
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, HANG_UP)
        raw.close()

    for round_ in range(40):
        await asyncio.to_thread(hang_up, round_ % 2)
    async with connect(f'{server.url}/receiver', **authorized()) as socket:
        assert (await read(socket))['type'] == 'registered'
    assert [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ('request_bytes', 'status'),
    [
        (b'\x01\r\n\r\n', 400),
        (b'GET / HTTP/9.9\r\n\r\n', 400),
        (b'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400),
        (b'GET /' + b'x' * 9000 + b' HTTP/1.1\r\nHost: x\r\n\r\n', 400),
        (b'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n', 404),
        (b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', 405),
        (b'GET /ws HTTP/1.1\r\nHost: x\r\n\r\n', 401),
        (WITH_SECRET.replace(b'websocket', b'w\x96b'), 400),
        (WITH_SECRET.replace(b'AAAA=', b'\xc2\x86AA='), 400),
        (WITH_SECRET.replace(b'AAAA==', b'A'), 400),
        (WITH_SECRET.replace(b'13', b'\xff'), 400),
    ],
)
async def test_every_refusal_has_the_headers_and_names_no_version(
    server: SignalingServer, request_bytes: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
    writer.write(request_bytes)
    head, _, body = (await asyncio.wait_for(reader.read(), DEADLINE)).partition(b'\r\n\r\n')
    lines = head.decode().split('\r\n')
    assert lines[0].split()[1] == str(status)
    for name, value in HEADERS.items():
        assert f'{name}: {value}' in lines
    assert b'aiohttp' not in head + body
    assert b'Python' not in head + body
    writer.close()
