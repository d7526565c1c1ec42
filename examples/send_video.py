"""
Send pictures with aiortc and websockets alone, so that receivers know when they were captured.

python send_video.py ws://127.0.0.1:8080 my_camera
"""

import asyncio
import json
import sys
import time

import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import VideoFrame
from websockets.asyncio.client import connect


class Grey(VideoStreamTrack):
    """Pictures that become brighter and start again; `recv` is where a camera would be read."""

    async def recv(self):
        """Return the next picture."""
        pts, time_base = await self.next_timestamp()
        level = pts // 3000 % 256
        frame = VideoFrame.from_ndarray(np.full((240, 320, 3), level, np.uint8), format='bgr24')
        frame.pts, frame.time_base = pts, time_base
        return frame


async def send(url, sender_id, make_track):
    """Register as `sender_id`, and send a track of its own to each receiver that asks."""
    connections = {}
    async with connect(f'{url}/sender?id={sender_id}') as socket:
        try:
            async for text in socket:
                await handle(json.loads(text), socket, connections, make_track)
        finally:
            for connection in connections.values():
                await connection.close()


async def handle(message, socket, connections, make_track):
    """Take a message of the signaling server."""
    session_id = message.get('session_id')
    if message['type'] == 'request_offer':
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connections[session_id] = connection
        connection.addTrack(make_track())
        answer_questions(connection.createDataChannel('clock', ordered=False, maxRetransmits=0))
        await connection.setLocalDescription(await connection.createOffer())
        local = connection.localDescription
        offer = {'type': local.type, 'sdp': local.sdp}
        receiver = {'receiver_id': message['receiver_id'], 'session_id': session_id}
        await socket.send(json.dumps({'type': 'offer', 'offer': offer, **receiver}))
    elif message['type'] == 'answer' and session_id in connections:
        answer = RTCSessionDescription(**message['answer'])
        await connections[session_id].setRemoteDescription(answer)
    elif message['type'] == 'bye' and session_id in connections:
        await connections.pop(session_id).close()


def answer_questions(channel):
    """
    Tell the receiver what time it is here.

    That a frame was captured when it was sent, but for the time to encode it, aiortc itself tells
    the receiver, in its RTCP reports.
    """

    def on_question(text):
        received = time.time_ns()
        answer = {'asked': json.loads(text)['asked'], 'received': received}
        channel.send(json.dumps({**answer, 'answered': time.time_ns()}))

    channel.on('message', on_question)


if __name__ == '__main__':
    asyncio.run(send(sys.argv[1], sys.argv[2], Grey))
