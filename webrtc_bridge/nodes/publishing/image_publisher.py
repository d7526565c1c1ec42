"""Publish a receiver's pictures as `sensor_msgs/Image` and as JPEG."""

import av
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from webrtc_bridge.nodes.publishing.compressed_images import to_jpeg
from webrtc_bridge.nodes.publishing.image_converter import ImageConverter
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.ros_names import resolve_image_topic, transport_topic
from webrtc_bridge.options import ReceiverOptions


class ImagePublisher:
    """
    Publish on the topic of `options`, and JPEG on `…/compressed` below it.

    Create it before the node spins. Each picture is converted once for both, and not at all if
    nobody subscribes.

    Raises: OptionError if the topic or a QoS override is invalid.
    """

    parameters: list[str]
    'Names of the QoS parameters that were declared.'

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._raw = LazyPublisher(node, Image, resolve_image_topic(node, options.topic))
        compressed = transport_topic(node, options.topic, 'compressed')
        self._compressed = LazyPublisher(node, CompressedImage, compressed)
        self.publishers = [self._raw, self._compressed]
        self.parameters = self._raw.parameters + self._compressed.parameters
        self.jpeg_quality = options.jpeg_quality
        self._converter = ImageConverter(options.encoding)

    @property
    def subscribed(self) -> bool:
        """Return whether anybody wants the images."""
        return self._raw.subscribed or self._compressed.subscribed

    def publish(self, picture: av.VideoFrame, header: Header) -> None:
        """Convert and publish `picture` if somebody subscribes; from one thread at a time."""
        raw, compressed = self._raw.subscribed, self._compressed.subscribed
        if not (raw or compressed):
            return
        # Here, in the decoder's thread: a thread of its own for publishing costs a hop and gains
        # nothing, because publish() holds the GIL throughout.
        message = self._converter.to_message(picture, header)
        if raw:
            self._raw.publish(message)
        if compressed:
            self._compressed.publish(to_jpeg(message, self.jpeg_quality))

    def close(self) -> None:
        """Ignore further pictures."""
        self._raw.close()
        self._compressed.close()
