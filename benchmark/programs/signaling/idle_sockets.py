"""Hold many silent sockets open, of clients that offer compression."""

import argparse
import asyncio
import sys

from benchmark.programs.signaling.raw_peers import connect_all
from webrtc_bridge.program.lifetime import run


async def hold(server: str, number: int) -> None:
    """Hold `number` sockets until cancelled."""
    peers = await connect_all(server, ['/receiver'] * number, lambda *_: None, deflate=True)
    print(f'all {len(peers)} registered', flush=True)
    await asyncio.Event().wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--number', type=int, required=True)
    options = parser.parse_args()
    return run(lambda: hold(options.server, options.number))


if __name__ == '__main__':
    sys.exit(main())
