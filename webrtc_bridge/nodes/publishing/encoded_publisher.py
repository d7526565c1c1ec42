"""Publishes received H.264 as it came."""

import logging

from rclpy.node import Node

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.nodes.publishing.encoded_messages import Transport, available_transports
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.message_header import header
from webrtc_bridge.nodes.ros.topic_names import transport_topic
from webrtc_bridge.options import ReceiverOptions

logger = logging.getLogger(__name__)


class EncodedPublisher:
    """
    Publish on one topic below the image topic for each of `available_transports`.

    Create it before the node spins; all else belongs to the event loop.

    Raises: OptionError when the topic or a QoS override cannot be used.
    """

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._frame_id = options.frame_id
        self._topics = [
            (transport, topic)
            for transport in available_transports()
            if (topic := created_topic(node, options.topic, transport))
        ]
        self.parameters = [name for _, topic in self._topics for name in topic.parameters]
        self._subscribers = [0 for _ in self._topics]
        self._codec_was_said = False

    @property
    def subscribed(self) -> bool:
        """Whether anybody wants encoded frames."""
        return any(topic.subscribed for _, topic in self._topics)

    def notice_newcomers(self) -> bool:
        """Say whether somebody has subscribed since the last call, and so needs a keyframe."""
        before = self._subscribers
        self._subscribers = [topic.subscribers for _, topic in self._topics]
        return any(now > then for now, then in zip(self._subscribers, before, strict=True))

    def publish(self, frame: EncodedFrame, stamp_ns: int, size: tuple[int, int]) -> None:
        """Publish `frame`, a picture of `size`, where somebody subscribes."""
        if not self.subscribed:
            return
        if frame.codec is not Codec.H264:
            self._say_codec(frame.codec)
            return
        self._codec_was_said = False
        for transport, topic in self._topics:
            if topic.subscribed:
                message = transport.message(header(self._frame_id, stamp_ns), frame, size)
                topic.publish(message)

    def close(self) -> None:
        """Publish nothing any more."""
        for _, topic in self._topics:
            topic.close()

    def _say_codec(self, codec: Codec) -> None:
        if not self._codec_was_said:
            names = ', '.join(transport.name for transport, _ in self._topics)
            text = 'nothing to publish on %s: these topics carry H.264 only, the sender sends %s'
            logger.warning(text, names, codec.value)
        self._codec_was_said = True


def created_topic(node: Node, image_topic: str, transport: Transport) -> LazyPublisher | None:
    """
    Return the topic of `transport` below `image_topic`; None if it cannot be had.

    Raises: OptionError when the topic or a QoS override cannot be used.
    """
    name = transport_topic(node, image_topic, transport.name)
    try:
        return LazyPublisher(node, transport.kind, name)
    except OptionError:
        raise
    except Exception as exc:
        # A message package of another ROS, or built for another middleware, can be imported, and
        # fails only here, in ways that differ from one to the next.
        logger.warning('no topic %s: %s', name, ' '.join(str(exc).split()))
        return None
