"""
Send the test pattern with aiortc as it comes: its pace, its encoder, its defaults.

Signaling is one TCP connection: a line with the offer out, a line with the answer in.
"""

import argparse
import asyncio
import json
import sys
import time

import av
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
    VideoStreamTrack,
)

from webrtc_bridge.media.pattern import Pattern
from webrtc_bridge.program import run


class PatternTrack(VideoStreamTrack):
    """The test pattern at the 30 fps of aiortc's VideoStreamTrack."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._pattern = Pattern(width, height)

    async def recv(self) -> av.VideoFrame:
        """Return the next picture, when it is due."""
        pts, time_base = await self.next_timestamp()
        frame = self._pattern.draw(time.time_ns())
        frame.pts, frame.time_base = pts, time_base
        return frame


def prefer(transceiver: RTCRtpTransceiver, codec: str) -> None:
    """Offer `codec` alone, with retransmission."""
    wanted = (f'video/{codec}'.lower(), 'video/rtx')
    codecs = RTCRtpSender.getCapabilities('video').codecs
    transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])


async def send(codec: str, width: int, height: int) -> None:
    """Print the port to connect to, and send to the first who does, until cancelled."""
    # No STUN server: the default one costs 5 s at the start where it cannot be reached.
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTrack(PatternTrack(width, height))
    prefer(connection.getTransceivers()[0], codec)

    async def negotiate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connection.setLocalDescription(await connection.createOffer())
        offer = connection.localDescription
        writer.write(json.dumps({'type': offer.type, 'sdp': offer.sdp}).encode() + b'\n')
        answer = json.loads(await reader.readline())
        await connection.setRemoteDescription(RTCSessionDescription(**answer))
        writer.close()

    server = await asyncio.start_server(negotiate, '127.0.0.1', 0)
    print(f'listening on {server.sockets[0].getsockname()[1]}', flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        await connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--codec', choices=('vp8', 'h264'), required=True)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    given = parser.parse_args()
    return run(lambda: send(given.codec, given.width, given.height))


if __name__ == '__main__':
    sys.exit(main())
