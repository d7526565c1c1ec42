"""A camera keeps its viewers while strangers attack its server and its ports."""

import asyncio
import random
import re
import socket
import time

import pytest
from support.peers.hostile_datagrams import send_hostile
from support.peers.senders import skip_unless_installed
from support.peers.watching import watching
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

ATTACK_TIME = 2.0
HTTP = [
    b'\0' * 100,
    b'GET / HTTP/9.9\r\n\r\n',
    b'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    b'POST /sender HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
    b'GET /' + b'../' * 300 + b' HTTP/1.1\r\nHost: x\r\n\r\n',
    b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' + bytes(64),
]


@pytest.mark.parametrize('kind', ['webcam', 'gstreamer'])
async def test_the_stream_goes_on(start_module, server, kind, caplog):
    skip_unless_installed(kind)
    sender = await start_module(
        f'commands.{kind}', '--server', server.url, '--id', 'front', '--source', 'test'
    )
    await sender.line('registered')
    async with watching(server.url, 'front') as seen:
        await seen.wait_for_more(30)
        path = await seen.path()
        await attack(server, path, time.monotonic() + ATTACK_TIME)
        await seen.wait_for_more(10)
        assert await seen.path() == path, 'another session'
    assert 'front is stale' not in caplog.text
    assert 'Traceback' not in sender.output
    assert 'Traceback' not in server.output


async def attack(server, path, until):
    ends = [(host, int(port)) for host, port in re.findall(r'(\S+):(\d+)', path)]
    assert len(ends) == 2, path
    chance = random.Random(7)
    await asyncio.gather(
        throw_datagrams(ends, until),
        *(talk_nonsense(server.url, chance, until) for _ in range(3)),
        *(send_bytes(server.port, chance, until) for _ in range(2)),
    )


async def throw_datagrams(ends, until):
    family = socket.AF_INET6 if ':' in ends[0][0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as stranger:
        while time.monotonic() < until:
            for end in ends:
                send_hostile(stranger, end)
            await asyncio.sleep(0.05)


async def talk_nonsense(url, chance, until):
    """Send what no real peer would; connect again when disconnected."""
    while time.monotonic() < until:
        path = chance.choice(['ws', 'sender', 'receiver', 'sender?id=front', 'receiver?id=%00'])
        try:
            async with connect(f'{url}/{path}', compression=None) as peer:
                for _ in range(chance.randrange(30)):
                    await peer.send(nonsense(chance))
                    await asyncio.sleep(0.005)
        except (ConnectionClosed, InvalidHandshake):
            await asyncio.sleep(0.01)


def nonsense(chance):
    kind = chance.choice(['request_offer', 'offer', 'answer', 'candidate', 'bye', 'register'])
    text = f'{{"type":"{kind}","sender_id":"front","receiver_id":"front","session_id":"1"}}'
    at = chance.randrange(len(text))
    return chance.choice(
        [
            text,
            text[:at] + '\x00\\' + text[at:],
            '[' * 5000,
            'x' * 70_000,
            chance.randbytes(50),
            '',
        ]
    )


async def send_bytes(port, chance, until):
    """Send anything but a WebSocket handshake."""
    while time.monotonic() < until:
        _, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(chance.choice(HTTP))
        await asyncio.sleep(0.05)
        writer.transport.abort()
