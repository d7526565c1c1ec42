"""Publishes a receiver's pictures as `sensor_msgs/Image`."""

import threading

from rclpy.node import Node
from sensor_msgs.msg import Image

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.received_frame import ReceivedFrame
from webrtc_bridge.nodes.image_qos import image_qos
from webrtc_bridge.nodes.images import ImageConverter
from webrtc_bridge.options import ReceiverOptions


class ImagePublisher:
    """
    Publish on the topic of `options`; create it before the node spins.

    Raises: OptionError when the topic or a QoS override cannot be used.
    """

    parameters: list[str]
    'Names of the QoS parameters that were declared.'

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        qos, self.parameters = image_qos(node, resolved(node, options.topic))
        self._publisher = node.create_publisher(Image, options.topic, qos)
        self._converter = ImageConverter(options.encoding, options.frame_id)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def subscribed(self) -> bool:
        """Whether anybody wants the images."""
        return bool(self._publisher.get_subscription_count())

    def publish(self, frame: ReceivedFrame) -> None:
        """Convert and publish `frame` if somebody subscribes; from any thread."""
        with self._lock:
            if self._closed or not self.subscribed:
                return
            # Here, in the decoder's thread: another one for publishing costs a hop and gains
            # nothing, because publish() holds the GIL throughout.
            self._publisher.publish(self._converter.to_message(frame.picture, frame.stamp_ns))

    def close(self) -> None:
        """Publish nothing any more; a decoder's last picture may come when the node is gone."""
        with self._lock:
            self._closed = True


def resolved(node: Node, topic: str) -> str:
    """
    Return the full name of `topic` in the node's namespace, remapped.

    Raises: OptionError.
    """
    try:
        name: str = node.resolve_topic_name(topic)
    except RuntimeError as exc:  # RCLError
        raise OptionError('topic', topic, 'a name for a ROS topic') from exc
    return name
