"""Receive with unchanged aiortc, and publish as cv_bridge does."""

import argparse
import asyncio
import contextlib
import json
import sys

import av
import rclpy
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from webrtc_bridge.nodes.ros.dds_profile import image_segment
from webrtc_bridge.program.lifetime import run


def to_message(frame: av.VideoFrame) -> Image:
    """Convert a picture to a message, as cv_bridge's `cv2_to_imgmsg` does."""
    pixels = frame.to_ndarray(format='bgr24')
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding='bgr8')
    message.data.frombytes(pixels.tobytes())
    message.step = len(message.data) // message.height
    return message


async def publish(track: MediaStreamTrack, node: Node, publisher: 'Publisher[Image]') -> None:
    """Publish every picture of `track`."""
    with contextlib.suppress(MediaStreamError):
        while True:
            frame = await track.recv()
            assert isinstance(frame, av.VideoFrame)
            message = to_message(frame)
            message.header.stamp = node.get_clock().now().to_msg()
            publisher.publish(message)


async def answer(connection: RTCPeerConnection, port: int) -> None:
    """Receive the offer of the sender that listens on `port`, and answer it."""
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    await connection.setRemoteDescription(
        RTCSessionDescription(**json.loads(await reader.readline()))
    )
    await connection.setLocalDescription(await connection.createAnswer())
    description = connection.localDescription
    writer.write(json.dumps({'type': description.type, 'sdp': description.sdp}).encode() + b'\n')
    writer.close()


async def receive(port: int, topic: str) -> None:
    """Publish the pictures of the sender that listens on `port` until cancelled."""
    # The same shared memory as ours: the comparison is not about the delay of lost images.
    with image_segment():
        # The event loop handles signals, see `run`.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node('stock_receiver')
    publisher = node.create_publisher(Image, topic, 10)
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks: list[asyncio.Future[None]] = []
    connection.on(
        'track',
        lambda track: tracks.append(asyncio.ensure_future(publish(track, node, publisher))),
    )
    try:
        await answer(connection, port)
        await asyncio.Event().wait()
    finally:
        for track in tracks:
            track.cancel()
        await asyncio.gather(*tracks, return_exceptions=True)
        await connection.close()
        node.destroy_node()
        rclpy.try_shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--topic', required=True)
    options = parser.parse_args()
    return run(lambda: receive(options.port, options.topic))


if __name__ == '__main__':
    sys.exit(main())
