"""
Send the test pattern with unchanged aiortc: its pace, its encoder, its defaults.

Signaling is a TCP connection for each viewer, with the offer in a line out and the answer in a
line in. Several viewers share the camera through aiortc's MediaRelay.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.contrib.media import MediaRelay

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.program.lifetime import run


class PatternTrack(VideoStreamTrack):
    """The test pattern at the 30 fps of aiortc's VideoStreamTrack."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._pattern = Pattern(width, height)

    async def recv(self) -> av.VideoFrame:
        """Return the next picture when it is due."""
        pts, time_base = await self.next_timestamp()
        frame = self._pattern.draw(time.time_ns())
        frame.pts, frame.time_base = pts, time_base
        return frame


def prefer(transceiver: RTCRtpTransceiver, codec: str) -> None:
    """Offer only `codec`, with retransmission."""
    wanted = (f'video/{codec}'.lower(), 'video/rtx')
    codecs = RTCRtpSender.getCapabilities('video').codecs
    transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])


class Viewers:
    """The connections of all viewers; `share` returns a track for each."""

    def __init__(
        self, codec: str, share: Callable[[], MediaStreamTrack], ice_servers: list[RTCIceServer]
    ) -> None:
        self._codec = codec
        self._share = share
        self._ice_servers = ice_servers
        self._connections: list[RTCPeerConnection] = []

    async def negotiate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send an offer, and apply the answer."""
        # No STUN server by default: aiortc's costs 5 s if it cannot be reached.
        connection = RTCPeerConnection(RTCConfiguration(iceServers=self._ice_servers))
        self._connections.append(connection)
        connection.addTrack(self._share())
        prefer(connection.getTransceivers()[0], self._codec)
        await connection.setLocalDescription(await connection.createOffer())
        offer = connection.localDescription
        writer.write(json.dumps({'type': offer.type, 'sdp': offer.sdp}).encode() + b'\n')
        answer = json.loads(await reader.readline())
        await connection.setRemoteDescription(RTCSessionDescription(**answer))
        writer.close()

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(connection.close() for connection in self._connections))


async def send(
    codec: str, width: int, height: int, relayed: bool, ice_servers: list[RTCIceServer]
) -> None:
    """Print the port, and send to all viewers that connect until cancelled."""
    track, relay = PatternTrack(width, height), MediaRelay()

    def share() -> MediaStreamTrack:
        # Unbuffered: a slow viewer loses pictures instead of seeing old ones.
        return relay.subscribe(track, buffered=False) if relayed else track

    viewers = Viewers(codec, share, ice_servers)
    server = await asyncio.start_server(viewers.negotiate, '127.0.0.1', 0)
    print(f'listening on {server.sockets[0].getsockname()[1]}', flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        await viewers.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--codec', choices=('vp8', 'h264'), required=True)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    parser.add_argument('--relayed', action='store_true', help='to several viewers')
    parser.add_argument('--ice-server', default='')
    options = parser.parse_args()
    servers = [RTCIceServer(options.ice_server)] if options.ice_server else []
    size = options.width, options.height
    return run(lambda: send(options.codec, *size, options.relayed, servers))


if __name__ == '__main__':
    sys.exit(main())
