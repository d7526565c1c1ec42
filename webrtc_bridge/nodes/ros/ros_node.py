"""The life of a node, from `rclpy.init` to the shutdown of its context."""

import contextlib
import logging
from typing import TYPE_CHECKING, TypeVar

from webrtc_bridge.nodes.ros.dds_profile import image_segment
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.nodes.ros.rosout_logging import forwarding

if TYPE_CHECKING:
    from webrtc_bridge.nodes.ros.node_program import NodeProgram

T = TypeVar('T')

logger = logging.getLogger(__name__)


async def run_node(program: 'NodeProgram[T]', arguments: list[str], log_level: str | None) -> None:
    """
    Run `program` until cancelled.

    The end is the start reversed: its work is cancelled, the executor's thread ends and is
    joined, the node is destroyed, the context is shut down.

    Raises: WebrtcBridgeError, and what a callback of the node raises.
    """
    with contextlib.ExitStack() as stack:
        with image_segment() if program.sends_images else contextlib.nullcontext() as transport:
            stack.enter_context(initialised(arguments))
            node = stack.enter_context(created_node(program.node_name))
        stack.enter_context(forwarding(node.get_logger(), log_level))
        work = program.prepare(node, Parameters(node, program.options))
        if transport:
            logger.info('%s', transport)
        await while_spinning(node, work)
