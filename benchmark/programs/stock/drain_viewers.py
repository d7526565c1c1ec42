"""Watch the stock sender with several cheap viewers, which decode nothing, like ours."""

import argparse
import asyncio
import sys
from functools import partial
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection

from benchmark.programs.draining import FrameCount
from benchmark.programs.stock.receiver import answer
from webrtc_bridge.peer.aiortc.patches.receiving.encoded_frames import EncodedFrameReceiver
from webrtc_bridge.program.lifetime import run


def viewer(number: int, count: FrameCount) -> RTCPeerConnection:
    """Return a connection that counts its frames."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    def on_track(track: MediaStreamTrack) -> None:
        receivers: list[Any] = [each.receiver for each in connection.getTransceivers()]
        receiver = next(each for each in receivers if each.track is track)
        EncodedFrameReceiver(receiver, lambda _: count.add(number))

    connection.on('track', on_track)
    return connection


async def watch(port: int, viewers: int) -> None:
    """Watch the sender that listens on `port`, until cancelled."""
    count = FrameCount(viewers)
    connections = [viewer(number, count) for number in range(viewers)]
    try:
        await asyncio.gather(*(answer(connection, port) for connection in connections))
        await count.run()
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--viewers', type=int, required=True)
    options = parser.parse_args()
    return run(partial(watch, options.port, options.viewers))


if __name__ == '__main__':
    sys.exit(main())
