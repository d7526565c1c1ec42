"""A subscription to the calibration of an image topic."""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from webrtc_bridge.nodes.calibration.camera_info import mapping_from_message
from webrtc_bridge.nodes.ros.qos import best_available
from webrtc_bridge.nodes.ros.ros_names import sibling

TRANSPORTS = ('compressed', 'h264')
'Last parts of topics that carry the images of the topic above them.'


class CameraInfoSubscription:
    """
    Subscribe to the `camera_info` next to an image topic; `on_info` gets each that differs.

    All in the node's thread.
    """

    def __init__(self, node: Node, on_info: Callable[[dict[str, Any]], None]) -> None:
        self._node = node
        self._on_info = on_info
        self._subscription: Subscription | None = None
        self._newest: dict[str, Any] = {}

    def subscribe(self, image_topic: str) -> None:
        """Subscribe next to `image_topic`, a full name."""
        self.unsubscribe()
        name = camera_info_topic(image_topic)
        self._subscription = self._node.create_subscription(
            CameraInfo, name, self._on_message, best_available(1)
        )

    def unsubscribe(self) -> None:
        """Unsubscribe; idempotent."""
        if self._subscription:
            self._node.destroy_subscription(self._subscription)
        self._subscription = None
        self._newest = {}

    def _on_message(self, message: CameraInfo) -> None:
        info = mapping_from_message(message)
        if info != self._newest:
            self._newest = info
            self._on_info(info)


def camera_info_topic(image_topic: str) -> str:
    """Return the name of the `camera_info` of `image_topic`, as in image_transport."""
    above, _, last = image_topic.rpartition('/')
    return sibling(above if last in TRANSPORTS and above else image_topic, 'camera_info')
