"""A publisher that knows whether anybody subscribes."""

import threading
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from webrtc_bridge.nodes.ros.qos import publisher_qos
from webrtc_bridge.nodes.ros.same_host import (
    any_on_same_host,
    own_participant,
    participants_on_same_host,
)


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
        self._node = node
        self._lock = threading.Lock()
        self._closed = False
        self._acknowledged = True
        self.name = name
        self.published = 0
        'The number of messages.'

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
                self._note_acknowledgement()
                self._publisher.publish(message)
                self.published += 1

    @property
    def acknowledged(self) -> bool:
        """
        Return whether all reliable subscribers had everything at some time since the last call.

        Others do not acknowledge. Fast DDS asks for an acknowledgement once in `depth` small
        messages, and it holds until the next message: a look now and then would miss them all.
        """
        with self._lock:
            if self._closed:
                return True
            self._note_acknowledgement()
            acknowledged, self._acknowledged = self._acknowledged, False
            return acknowledged

    def _note_acknowledgement(self) -> None:
        if not self._acknowledged:
            # Without a wait, during which rclpy (9.1) holds the GIL.
            self._acknowledged = bool(self._publisher.wait_for_all_acked(Duration()))

    @property
    def has_local_subscriber(self) -> bool:
        """Return whether a reliable subscriber is on this host, as Fast DDS sees it."""
        with self._lock:
            if self._closed:
                return False
            found = self._node.get_subscriptions_info_by_topic(self.name)
            reliable = ReliabilityPolicy.RELIABLE
            return any_on_same_host(
                self._node, (each for each in found if each.qos_profile.reliability is reliable)
            )

    @property
    def participant(self) -> bytes | None:
        """The participant that publishes, as in announcements; None if it is not known."""
        with self._lock:
            return None if self._closed else own_participant(self._node)

    @property
    def local_participants(self) -> set[bytes]:
        """The participants of this host, as Fast DDS sees it, that subscribe."""
        with self._lock:
            if self._closed:
                return set()
            found = self._node.get_subscriptions_info_by_topic(self.name)
            return participants_on_same_host(self._node, found)

    def close(self) -> None:
        """Ignore further messages: a decoder's last one may come after the node is destroyed."""
        with self._lock:
            self._closed = True
