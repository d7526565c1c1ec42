"""A publisher that knows whether anybody subscribes."""

import threading
from typing import Any

from rclpy.node import Node

from webrtc_bridge.nodes.ros.qos import publisher_qos


class LazyPublisher:
    """
    Publish messages of `message_type` on `name`, a full name; create it before the node spins.

    Raises: OptionError if a QoS override is invalid.
    """

    parameters: list[str]
    'Names of the QoS parameters that were declared.'

    def __init__(self, node: Node, message_type: type, name: str) -> None:
        qos, self.parameters = publisher_qos(node, name)
        self._publisher = node.create_publisher(message_type, name, qos)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """The number of subscribers; from any thread, even after the node is destroyed."""
        with self._lock:
            return 0 if self._closed else self._publisher.get_subscription_count()

    @property
    def subscribed(self) -> bool:
        """Return whether anybody wants the messages."""
        return bool(self.subscribers)

    def publish(self, message: Any) -> None:
        """Publish `message`; from any thread."""
        with self._lock:
            if not self._closed:
                self._publisher.publish(message)

    def close(self) -> None:
        """Ignore further messages: a decoder's last one may come after the node is destroyed."""
        with self._lock:
            self._closed = True
