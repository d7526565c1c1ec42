"""The ROS node `webrtc_sender`: sends image topics over WebRTC."""

import sys
from typing import TYPE_CHECKING

from webrtc_bridge.nodes.ros.node_program import NodeProgram
from webrtc_bridge.options import SenderNodeOptions
from webrtc_bridge.program.requirements import require_aiortc

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rclpy.node import Node

    from webrtc_bridge.nodes.ros.parameters import Parameters


def prepare(
    node: 'Node', parameters: 'Parameters[SenderNodeOptions]'
) -> 'Coroutine[None, None, None]':
    """Create a sender for each topic; return their work."""
    # Imported only now, so that main() can report a missing library in one line.
    from webrtc_bridge.nodes.subscribing.topic_senders import TopicSenders

    parameters.refuse_unknown()
    return TopicSenders(node, parameters).run()


PROGRAM = NodeProgram(
    name='sender_node',
    node_name='webrtc_sender',
    summary='Send image topics over WebRTC.',
    options=SenderNodeOptions,
    sends_images=False,
    require=require_aiortc,
    prepare=prepare,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return PROGRAM.main(arguments)


if __name__ == '__main__':
    sys.exit(main())
