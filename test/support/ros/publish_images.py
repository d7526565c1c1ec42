"""Publishes like the receiver node, from a process of its own: WIDTH HEIGHT [override...]."""

import asyncio
import sys
import time

import av

from webrtc_bridge.nodes.publishing.image_publisher import ImagePublisher
from webrtc_bridge.nodes.ros.dds_profile import transports
from webrtc_bridge.nodes.ros.early_parameter import early_value
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.nodes.ros.stamps import header
from webrtc_bridge.options import ReceiverOptions

COUNT = 60
FPS = 30.0


async def main(width: int, height: int, overrides: list[str]) -> None:
    arguments = ['--ros-args', *(word for one in overrides for word in ('-p', one))]
    choice = early_value(arguments, 'publishes', 'dds_transport')
    with (
        transports(choice, sends_images=True),
        initialised(arguments),
        created_node('publishes') as node,
    ):
        publisher = ImagePublisher(node, Parameters(node, ReceiverOptions).options)
        await while_spinning(node, publish(publisher, av.VideoFrame(width, height, 'yuv420p')))


async def publish(publisher: ImagePublisher, picture: av.VideoFrame) -> None:
    print('ready', flush=True)
    # The subscriber says on stdin when it has found the publisher.
    await asyncio.to_thread(sys.stdin.readline)
    while not publisher.subscribed:  # noqa: ASYNC110, nothing else tells
        await asyncio.sleep(0.01)
    for _ in range(COUNT):
        await asyncio.sleep(1 / FPS)  # and never several at once, when the machine was busy
        publisher.publish(picture, header('camera', time.time_ns()))
    await asyncio.to_thread(sys.stdin.readline)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
