"""One of a camera's topics."""

import threading
from typing import Any

from rclpy.node import Node

from webrtc_bridge.nodes.ros.image_qos import image_qos


class LazyPublisher:
    """
    Publish messages of type `kind` on `name`, a full name; create it before the node spins.

    Raises: OptionError when a QoS override cannot be used.
    """

    parameters: list[str]
    'Names of the QoS parameters that were declared.'

    def __init__(self, node: Node, kind: type, name: str) -> None:
        qos, self.parameters = image_qos(node, name)
        self._publisher = node.create_publisher(kind, name, qos)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """How many subscribers there are; from any thread, also when the node is gone."""
        with self._lock:
            return 0 if self._closed else self._publisher.get_subscription_count()

    @property
    def subscribed(self) -> bool:
        """Whether anybody wants the messages."""
        return bool(self.subscribers)

    def publish(self, message: Any) -> None:
        """Publish `message`; from any thread."""
        with self._lock:
            if not self._closed:
                self._publisher.publish(message)

    def close(self) -> None:
        """Publish nothing any more; a decoder's last picture may come when the node is gone."""
        with self._lock:
            self._closed = True
