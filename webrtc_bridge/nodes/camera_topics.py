"""The topics of one camera."""

from rclpy.node import Node

from webrtc_bridge.delivery import Output
from webrtc_bridge.nodes.image_publisher import ImagePublisher
from webrtc_bridge.options import ReceiverOptions


class CameraTopics:
    """
    Publish what a receiver hands out; create it before the node spins.

    Raises: OptionError when a topic or a QoS override cannot be used.
    """

    parameters: list[str]
    'Names of the parameters that were declared besides the option table.'

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._images = ImagePublisher(node, options)
        self.parameters = self._images.parameters
        self.output = Output(self._images.publish, lambda: self._images.subscribed)

    def close(self) -> None:
        """Publish nothing any more."""
        self._images.close()
