"""A subscription to the calibration of an image topic."""

import logging
from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.calibration.calibration import calibration_from
from webrtc_bridge.nodes.calibration.camera_info import mapping_from_message
from webrtc_bridge.nodes.ros.qos import best_available
from webrtc_bridge.nodes.ros.ros_names import sibling

TRANSPORTS = ('compressed', 'h264')
'Last parts of topics that carry the images of the topic above them.'

logger = logging.getLogger(__name__)


class CameraInfoSubscription:
    """
    Subscribe to the `camera_info` next to an image topic.

    `on_info` gets each that differs; None in place of one that is not a calibration, such as one
    with NaN in it, which JSON does not have.

    All in the node's thread.
    """

    def __init__(self, node: Node, on_info: Callable[[dict[str, Any] | None], None]) -> None:
        self._node = node
        self._on_info = on_info
        self._subscription: Subscription | None = None
        self._newest = ''
        self._topic = ''

    def subscribe(self, image_topic: str) -> None:
        """Subscribe next to `image_topic`, a full name."""
        self.unsubscribe()
        self._topic = image_topic
        name = camera_info_topic(image_topic)
        self._subscription = self._node.create_subscription(
            CameraInfo,
            name,
            self._on_message,
            best_available(1),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible),
        )

    def _on_incompatible(self, _: object) -> None:
        """Subscribe again: the best available QoS is that of the publishers at the time."""
        if self._node.executor and self._subscription:
            self._node.executor.create_task(self.subscribe, self._topic)

    def unsubscribe(self) -> None:
        """Unsubscribe; idempotent."""
        if self._subscription:
            self._node.destroy_subscription(self._subscription)
        self._subscription = None
        self._newest = ''

    def _on_message(self, message: CameraInfo) -> None:
        info = mapping_from_message(message)
        # As text, in which NaN equals itself.
        if repr(info) != self._newest:
            self._newest = repr(info)
            self._on_info(self._checked(info))

    def _checked(self, info: dict[str, Any]) -> dict[str, Any] | None:
        try:
            calibration_from(info)
        except OptionError as error:
            logger.warning('ignoring the camera_info of %s: %s', self._topic, error)
            return None
        return info


def camera_info_topic(image_topic: str) -> str:
    """Return the name of the `camera_info` of `image_topic`, as in image_transport."""
    above, _, last = image_topic.rpartition('/')
    return sibling(above if last in TRANSPORTS and above else image_topic, 'camera_info')
