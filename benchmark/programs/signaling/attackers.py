"""
Attack a signaling server, or a sender by way of it, in one of the ways that people have tried.

The attacker runs at nice 19, because a real one has a machine of its own.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.programs.signaling.raw_peers import UPGRADE, RawPeer, frame, message
from webrtc_bridge.program.lifetime import run

SENDER = 'front'
PAUSE = 0.05
'Seconds before a closed connection is opened again.'

BYTE_EACH = 0.5
JUNK = frame(b'{"type":"candidate","sender_id":"front","candidate":{"candidate":"x"}}') * 50
HUGE = b'\x81\xff' + (1 << 20).to_bytes(8, 'big') + bytes(4) + b'x' * (1 << 20)

REQUEST = message('request_offer', sender_id=SENDER)
BYE = message('bye', sender_id=SENDER)
ANSWER = message(
    'answer', sender_id=SENDER, answer={'type': 'answer', 'sdp': 'v=0\n' + 'a=\n' * 15_500}
)
'63 kB, the longest message; the shorter its lines, the more there is to check.'

ANSWERS_AT_ONCE, ANSWER_EACH = 15, 1 / 3
'As many as the rate of 200 KiB a second allows.'


@dataclass(frozen=True)
class Target:
    """The server, and a token for it."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f'ws://127.0.0.1:{self.port}'

    def header(self, more: str = '') -> bytes:
        """Return the request for a WebSocket, with the token unless `more` is given."""
        more = more or f'Authorization: Bearer {self.token}\r\n'
        return UPGRADE.format(path='/receiver', host='localhost', more=more).encode()

    async def receiver(self) -> RawPeer:
        """Return a registered receiver."""
        return await RawPeer.connect(self.url, '/receiver', lambda text: None, token=self.token)


async def slowloris(target: Target) -> None:
    """Send a header that takes longer than any server waits."""
    _, writer = await asyncio.open_connection('127.0.0.1', target.port)
    with contextlib.closing(writer):
        for byte in target.header():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(BYTE_EACH)


async def flood(target: Target) -> None:
    """Register, and send messages that the server must refuse, without reading its answers."""
    reader, writer = await asyncio.open_connection('127.0.0.1', target.port)
    with contextlib.closing(writer):
        writer.write(target.header())
        await reader.readuntil(b'\r\n\r\n')
        for number in range(1_000_000):
            writer.write(HUGE if number % 20 == 19 else JUNK)
            await writer.drain()


async def descriptions(target: Target) -> None:
    """Send the costliest messages, as often as the rate allows."""
    peer = await target.receiver()
    peer.write(ANSWER * ANSWERS_AT_ONCE)
    while True:
        await asyncio.sleep(ANSWER_EACH)
        peer.write(ANSWER)


async def requests(target: Target) -> None:
    """Ask the sender for a session again and again."""
    peer = await target.receiver()
    while True:
        peer.write(REQUEST)
        await asyncio.sleep(1 / 140)


async def abandoned(target: Target) -> None:
    """Ask for sessions and say bye at once, as one receiver after the other."""
    peer = await target.receiver()
    for _ in range(8):
        peer.write(REQUEST + BYE)
        await asyncio.sleep(1 / 9)
    peer.close()


async def strangers(target: Target) -> None:
    """Open a WebSocket as a page without a token does, and neither read nor close it."""
    _, writer = await asyncio.open_connection('127.0.0.1', target.port)
    with contextlib.closing(writer):
        writer.write(target.header('Sec-WebSocket-Protocol: webrtc_bridge.v1\r\n'))
        await asyncio.sleep(1.0)


async def silent(target: Target) -> None:
    """Ask for sessions and never answer their offers."""
    peer = await target.receiver()
    while True:
        peer.write(REQUEST)
        await asyncio.sleep(1.0)


Attack = Callable[[Target], Awaitable[None]]

ATTACKS: dict[str, tuple[Attack, int]] = {
    'slowloris': (slowloris, 500),
    'flood': (flood, 20),
    'descriptions': (descriptions, 80),
    'requests': (requests, 1),
    'abandoned': (abandoned, 1),
    'strangers': (strangers, 195),
    'silent': (silent, 64),
}
'Each with its number of connections at a time.'


async def attack(name: str, target: Target) -> None:
    """Attack until cancelled."""
    once, connections = ATTACKS[name]

    async def repeat() -> None:
        while True:
            with contextlib.suppress(OSError, EOFError):
                await once(target)
            await asyncio.sleep(PAUSE)

    print('attacking', flush=True)
    await asyncio.gather(*(repeat() for _ in range(connections)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--attack', choices=ATTACKS, required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--token-file', type=Path, required=True)
    options = parser.parse_args()
    os.nice(19)
    target = Target(options.port, options.token_file.read_text().strip())
    return run(lambda: attack(options.attack, target))


if __name__ == '__main__':
    sys.exit(main())
