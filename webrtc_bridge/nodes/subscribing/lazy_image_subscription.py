"""A subscription to an image topic that exists only while somebody watches."""

import logging
from collections.abc import Callable

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from webrtc_bridge.nodes.ros.qos import best_available
from webrtc_bridge.nodes.ros.ros_names import resolve_image_topic
from webrtc_bridge.nodes.ros.same_host import any_on_same_host
from webrtc_bridge.nodes.subscribing.picture_converter import ImageMessage

TYPES = {
    'sensor_msgs/msg/Image': Image,
    'sensor_msgs/msg/CompressedImage': CompressedImage,
}

QUEUES = {Image: 5, CompressedImage: 30}
"""
Messages that may wait for the node's thread. Without shared memory, fewer than five lose images;
in an H.264 stream, each message needs the one before.
"""

POLL_INTERVAL = 0.5
'Seconds between two checks for publishers of the topic, while somebody watches.'

DISCOVERY_POLLS = 4
'Checks before a missing publisher is logged: discovery takes a moment.'

SILENT_POLLS = 20
'Checks after which a publisher of the same host that delivers nothing is logged: 10 s.'

logger = logging.getLogger(__name__)


class LazyImageSubscription:
    """
    Subscribe to topic `name`, of either type of `TYPES`, while it is wanted.

    `on_message` gets the messages; `on_subscribe` is called with the topic's full name before the
    first one of a subscription, `on_unsubscribe` after the last; all in the node's thread. Any
    thread may call `want` and `set_topic`. Create it before the node spins.

    Raises: OptionError if `name` is not a valid topic name.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        on_message: Callable[[ImageMessage], None],
        on_subscribe: Callable[[str], None],
        on_unsubscribe: Callable[[], None],
    ) -> None:
        self._node = node
        self._name = resolve_image_topic(node, name)
        self._on_message = on_message
        self._on_subscribe = on_subscribe
        self._on_unsubscribe = on_unsubscribe
        self._wanted = False
        self._subscription: Subscription | None = None
        self._subscribed: tuple[str, type] | None = None
        self._logged = ''
        self._polls = 0
        self._silent_polls: int | None = None
        # rclpy 9.1 has no event for a new publisher, so poll. In real time, because that of a
        # simulation may stand still.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(POLL_INTERVAL, self._update, clock=clock)
        self._timer.cancel()

    @property
    def name(self) -> str:
        """The full name of the topic."""
        return self._name

    def want(self, wanted: bool) -> None:
        """Subscribe, or unsubscribe."""
        self._wanted = wanted
        self._update_soon()

    def set_topic(self, name: str) -> None:
        """Switch to topic `name`, which must be valid, if it is a different one."""
        self._name = resolve_image_topic(self._node, name)
        self._update_soon()

    def _update_soon(self) -> None:
        self._polls = 0
        # In the executor's thread, because subscribing in another one races with it (rclpy 9.1).
        if self._node.executor:
            self._node.executor.create_task(self._update)

    def _update(self) -> None:
        if not self._wanted:
            self._timer.cancel()
            self._unsubscribe()
            return
        if self._timer.is_canceled():
            self._timer.reset()
        self._polls += 1
        name = self._name
        if self._subscribed and self._subscribed[0] != name:
            self._unsubscribe()
        found = self._published_type(name)
        if found and self._subscribed != (name, found):
            self._unsubscribe()
            self._subscribe(name, found)
        elif found:
            self._note_silence(name)

    def _published_type(self, name: str) -> type | None:
        published = [info.topic_type for info in self._node.get_publishers_info_by_topic(name)]
        fitting = [TYPES[found] for found in published if found in TYPES]
        if fitting:
            now = self._subscribed[1] if self._subscribed else None
            return now if now in fitting else fitting[0]
        if published:
            self._warn_once(f'{name} has type {published[0]}, expected {" or ".join(TYPES)}')
        elif not self._subscribed:
            self._warn_once(f'{name} has viewers, but no publisher')
        return None

    def _warn_once(self, text: str) -> None:
        if text != self._logged and self._polls >= DISCOVERY_POLLS:
            self._logged = text
            logger.warning('%s', text)

    def _subscribe(self, name: str, message_type: type) -> None:
        self._logged = ''
        self._on_subscribe(name)
        self._subscription = self._node.create_subscription(
            message_type,
            name,
            self._take,
            best_available(QUEUES[message_type]),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible),
        )
        self._subscribed = (name, message_type)
        self._silent_polls = 0
        logger.info('subscribed to %s (%s)', name, message_type.__name__)

    def _take(self, message: ImageMessage) -> None:
        self._silent_polls = None
        self._on_message(message)

    def _note_silence(self, name: str) -> None:
        if self._silent_polls is None:
            return
        self._silent_polls += 1
        publishers = self._node.get_publishers_info_by_topic(name)
        if self._silent_polls == SILENT_POLLS and any_on_same_host(self._node, publishers):
            # For information, because some topics are slow.
            logger.info(
                'no image of %s yet. If its publisher runs in another container or as another '
                'user, start this node with dds_transport:=udp, or the publisher with '
                'FASTDDS_BUILTIN_TRANSPORTS=UDPv4 in its environment',
                name,
            )

    def _unsubscribe(self) -> None:
        if self._subscription:
            assert self._subscribed
            self._node.destroy_subscription(self._subscription)
            self._on_unsubscribe()
            logger.info('unsubscribed from %s', self._subscribed[0])
        self._subscription = self._subscribed = None

    def _on_incompatible(self, _: object) -> None:
        """Subscribe again: the best available QoS is that of the publishers at the time."""
        if self._node.executor:
            self._node.executor.create_task(self._resubscribe)

    def _resubscribe(self) -> None:
        self._unsubscribe()
        self._update()
