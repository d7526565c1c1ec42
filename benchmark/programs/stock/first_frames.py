"""Connect to the stock sender repeatedly: the time to the first picture."""

import argparse
import asyncio
import sys
import time

from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection

from benchmark.programs.report import report
from benchmark.programs.stock.receiver import answer
from webrtc_bridge.program.lifetime import run

LONGEST = 30.0


async def first_frame(port: int, ice_servers: list[RTCIceServer]) -> float:
    """Return the time to the first picture of one connection, in ms."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))
    tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
    connection.on('track', tracks.put_nowait)
    start = time.monotonic()
    try:
        await answer(connection, port)
        await asyncio.wait_for((await tracks.get()).recv(), LONGEST)
        return 1000 * (time.monotonic() - start)
    finally:
        await connection.close()


async def measure(port: int, number: int, ice_servers: list[RTCIceServer]) -> None:
    """Connect `number` times."""
    report([await first_frame(port, ice_servers) for _ in range(number)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--number', type=int, required=True)
    parser.add_argument('--ice-server', default='')
    options = parser.parse_args()
    servers = [RTCIceServer(options.ice_server)] if options.ice_server else []
    return run(lambda: measure(options.port, options.number, servers))


if __name__ == '__main__':
    sys.exit(main())
