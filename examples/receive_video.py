"""
Receive a camera with aiortc and websockets alone, and print when each picture was captured.

python receive_video.py ws://127.0.0.1:8080
"""

import asyncio
import json
import sys
import time

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from websockets.asyncio.client import connect


class CaptureClock:
    """Map RTP timestamps to the time of capture, by what the sender says on `channel`."""

    def __init__(self, channel):
        self.known = None
        self._best = None
        channel.on('message', self._on_answer)

    def capture_ns(self, rtp):
        """Return the Unix time of an RTP timestamp, by the clock of this machine."""
        frame_rtp, captured, offset = self.known
        ticks = (rtp - frame_rtp + (1 << 31)) % (1 << 32) - (1 << 31)  # they wrap around
        return captured + ticks * 1_000_000_000 // 90_000 - offset

    def _on_answer(self, text):
        arrived = time.time_ns()
        times = json.loads(text)
        round_trip = arrived - times['asked'] - (times['answered'] - times['received'])
        offset = (times['received'] - times['asked'] + times['answered'] - arrived) // 2
        self._best = min(self._best or (round_trip, offset), (round_trip, offset))
        if 'captured' in times:  # not before the first frame
            self.known = times['rtp'], times['captured'], self._best[1]


async def receive(url, on_picture):
    """Call `on_picture(frame, capture_ns)` for each picture of the first registered sender."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channels = asyncio.Queue()
    connection.on('datachannel', channels.put_nowait)
    async with connect(f'{url}/receiver') as socket:
        try:
            await negotiate(connection, socket)
            (receiver,) = connection.getReceivers()
            await show(receiver, await clock_channel(channels), on_picture)
        finally:
            await connection.close()


async def negotiate(connection, socket):
    """Ask the first sender for an offer, and answer it."""
    async for text in socket:
        message = json.loads(text)
        if message['type'] == 'sender':
            request = {'type': 'request_offer', 'sender_id': message['sender_id']}
            await socket.send(json.dumps(request))
        elif message['type'] == 'offer':
            await connection.setRemoteDescription(RTCSessionDescription(**message['offer']))
            await connection.setLocalDescription(await connection.createAnswer())
            local = connection.localDescription
            answer = {'type': local.type, 'sdp': local.sdp}
            reply = {'type': 'answer', 'answer': answer, 'sender_id': message['sender_id']}
            await socket.send(json.dumps(reply))
            return


async def clock_channel(channels):
    """Return the sender's data channel `clock`."""
    while (channel := await channels.get()).label != 'clock':
        pass
    return channel


async def show(receiver, channel, on_picture):
    """Pass on the pictures of `receiver` until they end, and ask about the time now and then."""
    clock, asked = CaptureClock(channel), 0.0
    try:
        while True:
            frame = await receiver.track.recv()
            # aiortc counts from the first RTP timestamp, and tells nobody what that was.
            rtp = frame.pts + receiver._RTCRtpReceiver__timestamp_mapper._origin
            if time.monotonic() > asked + (2.0 if clock.known else 0.1):
                asked = time.monotonic()
                channel.send(json.dumps({'asked': time.time_ns()}))
            if clock.known:
                on_picture(frame, clock.capture_ns(rtp))
    except MediaStreamError:
        return


def print_age(frame, capture_ns):
    """Print the size of a picture and its age."""
    age_ms = (time.time_ns() - capture_ns) / 1e6
    print(f'{frame.width}x{frame.height}, captured {age_ms:.1f} ms ago', flush=True)


if __name__ == '__main__':
    asyncio.run(receive(sys.argv[1], print_age))
