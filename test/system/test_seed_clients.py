"""Clients that know only the sequence diagram the project grew from: websockets and aiortc."""

import asyncio
import json
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from websockets.asyncio.client import connect

from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver


async def receive(socket, kind):
    """Return the next message of type `kind`, skipping others."""
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message['type'] == kind:
            return message


async def test_a_receiver_of_the_diagram_gets_the_video(start_module, server):
    sender = await start_module('commands.webcam', '--server', server.url, '--source', 'test')
    await sender.line('registered')
    connection = RTCPeerConnection()
    track = asyncio.get_running_loop().create_future()
    connection.on('track', track.set_result)
    try:
        async with connect(f'{server.url}/receiver') as socket:
            assert 'receive_id' in await receive(socket, 'registered')
            sender_id = (await receive(socket, 'sender'))['sender_id']
            await socket.send(json.dumps({'type': 'request_offer', 'sender_id': sender_id}))
            offer = (await receive(socket, 'offer'))['offer']
            await connection.setRemoteDescription(RTCSessionDescription(**offer))
            await connection.setLocalDescription(await connection.createAnswer())
            answer = {
                'type': connection.localDescription.type,
                'sdp': connection.localDescription.sdp,
            }
            await socket.send(
                json.dumps({'type': 'answer', 'answer': answer, 'sender_id': sender_id})
            )
            video = await asyncio.wait_for(track, 10)
            clocks = []
            for _ in range(30):
                frame = await asyncio.wait_for(video.recv(), 10)
                clocks.append(read_clock(plane_pixels(frame.planes[0])))
    finally:
        await connection.close()
    assert None not in clocks
    assert clocks == sorted(set(clocks))


class Green(VideoStreamTrack):
    """A green picture, 20 times a second."""

    def __init__(self):
        super().__init__()
        self._count = 0

    async def recv(self):
        await asyncio.sleep(0.05)
        self._count += 1
        frame = av.VideoFrame.from_ndarray(
            np.full((240, 320, 3), (0, 255, 0), np.uint8), format='bgr24'
        )
        frame.pts, frame.time_base = self._count * 4500, Fraction(1, 90_000)
        return frame


async def diagram_sender(url, registered):
    connections = []
    try:
        async with connect(f'{url}/sender') as socket:
            registered.set_result((await receive(socket, 'registered'))['sender_id'])
            while True:
                request = await receive(socket, 'request_offer')
                connection = RTCPeerConnection()
                connections.append(connection)
                connection.addTrack(Green())
                await connection.setLocalDescription(await connection.createOffer())
                offer = {'type': 'offer', 'sdp': connection.localDescription.sdp}
                message = {'type': 'offer', 'offer': offer, 'receiver_id': request['receiver_id']}
                await socket.send(json.dumps(message))
                answer = (await receive(socket, 'answer'))['answer']
                await connection.setRemoteDescription(RTCSessionDescription(**answer))
    finally:
        for connection in connections:
            await connection.close()


async def test_a_sender_of_the_diagram_is_received(server):
    loop = asyncio.get_running_loop()
    registered, pictures = loop.create_future(), asyncio.Queue()

    def on_frame(frame):
        pixels = frame.picture.to_ndarray(format='rgb24')
        loop.call_soon_threadsafe(pictures.put_nowait, (frame.sender_id, pixels.mean((0, 1))))

    sender = asyncio.ensure_future(diagram_sender(server.url, registered))
    receiver = asyncio.ensure_future(
        Receiver(ReceiverOptions(server_url=server.url), PictureSink(on_frame)).run()
    )
    try:
        for _ in range(10):
            sender_id, colour = await asyncio.wait_for(pictures.get(), 20)
            assert sender_id == await registered
            assert colour == pytest.approx((0, 255, 0), abs=12)
    finally:
        for task in (receiver, sender):
            task.cancel()
        await asyncio.gather(receiver, sender, return_exceptions=True)
