"""The ROS node `webrtc_receiver`: follows senders and publishes their pictures."""

import sys
from typing import TYPE_CHECKING

from webrtc_bridge.nodes.ros.node_program import NodeProgram
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.long_tasks import run_together
from webrtc_bridge.program.requirements import require_aiortc

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rclpy.node import Node

    from webrtc_bridge.nodes.publishing.cameras import Cameras
    from webrtc_bridge.nodes.ros.parameters import Parameters


def prepare(
    node: 'Node', parameters: 'Parameters[ReceiverOptions]'
) -> 'Coroutine[None, None, None]':
    """Create topics and services; return the work of the receivers."""
    # Imported only now, so that main() can report a missing library in one line.
    from webrtc_bridge.nodes.publishing.cameras import Cameras

    return receive(Cameras(node, parameters))


async def receive(cameras: 'Cameras') -> None:
    """Follow all senders, and publish diagnostics, until cancelled."""
    await run_together(cameras.run(), cameras.report())


PROGRAM = NodeProgram(
    name='receiver_node',
    node_name='webrtc_receiver',
    summary='Publish the video of a WebRTC sender as sensor_msgs/Image.',
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
