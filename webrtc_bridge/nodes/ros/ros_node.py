"""The life of a node, from `rclpy.init` to the shutdown of its context."""

import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from rclpy.node import Node

from webrtc_bridge.nodes.ros.dds_profile import transports
from webrtc_bridge.nodes.ros.early_parameter import early_value
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.nodes.ros.rosout_logging import forwarding

logger = logging.getLogger(__name__)


async def run_node(
    name: str,
    prepare: Callable[[Node], Coroutine[Any, Any, None]],
    arguments: list[str],
    log_level: str | None,
    *,
    sends_images: bool,
) -> None:
    """
    Run the node `name` until cancelled, with the work that `prepare(node)` returns.

    The end is the reverse of the start: the work is cancelled, the executor's thread ends and is
    joined, the node is destroyed, the context is shut down.

    Raises: WebrtcBridgeError, and any error of a callback of the node.
    """
    with contextlib.ExitStack() as stack:
        choice = early_value(arguments, name, 'dds_transport')
        with transports(choice, sends_images=sends_images) as notice:
            stack.enter_context(initialised(arguments))
            node = stack.enter_context(created_node(name))
        stack.enter_context(forwarding(node.get_logger(), log_level))
        work = prepare(node)
        if notice:
            level = logging.WARNING if notice.is_warning else logging.INFO
            logger.log(level, '%s', notice.text)
        await while_spinning(node, work)
