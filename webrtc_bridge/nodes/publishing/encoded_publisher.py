"""Publish received H.264 without decoding it."""

import logging

from rclpy.node import Node
from std_msgs.msg import Header

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.nodes.publishing.encoded_messages import ImageTransport, available_transports
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.ros_names import transport_topic
from webrtc_bridge.options import ReceiverOptions

logger = logging.getLogger(__name__)


class EncodedPublisher:
    """
    Publish on one topic below the image topic for each of `available_transports`.

    Create it before the node spins; use it in the event loop.

    Raises: OptionError if the topic or a QoS override is invalid.
    """

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._publishers = [
            (transport, publisher)
            for transport in available_transports()
            if (publisher := transport_publisher(node, options.topic, transport))
        ]
        self.publishers = [publisher for _, publisher in self._publishers]
        self.parameters = [name for _, each in self._publishers for name in each.parameters]
        self._subscribers = [0 for _ in self._publishers]
        self._codec_logged = False

    @property
    def subscribed(self) -> bool:
        """Return whether anybody wants encoded frames."""
        return any(publisher.subscribed for _, publisher in self._publishers)

    def notice_newcomers(self) -> bool:
        """Return whether anybody subscribed since the last call, and so needs a keyframe."""
        before = self._subscribers
        self._subscribers = [publisher.subscribers for _, publisher in self._publishers]
        return any(now > then for now, then in zip(self._subscribers, before, strict=True))

    def publish(self, frame: EncodedFrame, header: Header, size: tuple[int, int]) -> None:
        """Publish `frame`, a picture of `size`, where somebody subscribes."""
        if not self.subscribed:
            return
        if frame.codec is not Codec.H264:
            self._warn_of_codec(frame.codec)
            return
        self._codec_logged = False
        for transport, publisher in self._publishers:
            if publisher.subscribed:
                publisher.publish(transport.message(header, frame, size))

    def close(self) -> None:
        """Ignore further frames."""
        for _, publisher in self._publishers:
            publisher.close()

    def _warn_of_codec(self, codec: Codec) -> None:
        if not self._codec_logged:
            names = ', '.join(transport.name for transport, _ in self._publishers)
            text = 'nothing to publish on %s: these topics carry H.264, but the sender sends %s'
            logger.warning(text, names, codec.value)
        self._codec_logged = True


def transport_publisher(
    node: Node, image_topic: str, transport: ImageTransport
) -> LazyPublisher | None:
    """
    Return the publisher for `transport` below `image_topic`; None if ROS cannot create it.

    Raises: OptionError if the topic or a QoS override is invalid.
    """
    name = transport_topic(node, image_topic, transport.name)
    try:
        return LazyPublisher(node, transport.message_type, name)
    except OptionError:
        raise
    except Exception as exc:
        # A message package of another ROS, or built for another middleware, can be imported, but
        # fails here, each in its own way.
        logger.warning('no topic %s: %s', name, ' '.join(str(exc).split()))
        return None
