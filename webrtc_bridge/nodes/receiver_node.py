"""The ROS node `webrtc_receiver`: follows a sender and publishes its pictures."""

import asyncio
import sys
from typing import TYPE_CHECKING

from webrtc_bridge.nodes.node_program import NodeProgram
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.requirements import require_aiortc

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rclpy.node import Node

    from webrtc_bridge.nodes.camera_topics import CameraTopics
    from webrtc_bridge.nodes.diagnostics import Diagnostics
    from webrtc_bridge.nodes.parameters import Parameters


def prepare(
    node: 'Node', parameters: 'Parameters[ReceiverOptions]'
) -> 'Coroutine[None, None, None]':
    """Create the topics; return what receives."""
    # Imported only now: main() must be able to say in one line that a library is missing.
    from webrtc_bridge.nodes.camera_topics import CameraTopics
    from webrtc_bridge.nodes.diagnostics import Diagnostics

    topics = CameraTopics(node, parameters.options)
    diagnostics = Diagnostics(node)
    parameters.refuse_unknown(topics.parameters)
    return receive(parameters, topics, diagnostics)


async def receive(
    parameters: 'Parameters[ReceiverOptions]',
    topics: 'CameraTopics',
    diagnostics: 'Diagnostics',
) -> None:
    """Follow the sender that `parameters` name, and another one when they change."""
    from webrtc_bridge.receiver import Receiver

    receiver = Receiver(parameters.options, topics.output)
    parameters.on_change(lambda options: receiver.follow(options.sender_id))
    reporting = asyncio.create_task(diagnostics.publish(receiver.report))
    try:
        await receiver.run()
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
        topics.close()


PROGRAM = NodeProgram(
    name='receiver_node',
    node_name='webrtc_receiver',
    summary='Publish what a WebRTC sender shows as sensor_msgs/Image.',
    options=ReceiverOptions,
    sends_images=True,
    require=require_aiortc,
    prepare=prepare,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return PROGRAM.main(arguments)


if __name__ == '__main__':
    sys.exit(main())
