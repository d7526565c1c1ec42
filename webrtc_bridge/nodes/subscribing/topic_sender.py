"""One image topic as a sender."""

from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from webrtc_bridge.media.codec.passthrough import Passthrough
from webrtc_bridge.media.frames import AccessUnit
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.wide import GreyRange
from webrtc_bridge.nodes.ros.stamps import capture_ns, source_header
from webrtc_bridge.nodes.subscribing.camera_info_subscription import CameraInfoSubscription
from webrtc_bridge.nodes.subscribing.image_frames import ImageFrames
from webrtc_bridge.nodes.subscribing.lazy_image_subscription import LazyImageSubscription
from webrtc_bridge.nodes.subscribing.picture_converter import ImageMessage, is_h264
from webrtc_bridge.nodes.subscribing.topic_diagnostics import TopicReport
from webrtc_bridge.options import SenderNodeOptions, SenderOptions
from webrtc_bridge.sending.sender import Sender


class TopicSender:
    """
    Send `topic` as `sender`, subscribed only while somebody watches.

    Create it before the node spins.

    Raises: OptionError.
    """

    def __init__(
        self, node: Node, topic: str, sender: SenderOptions, options: SenderNodeOptions
    ) -> None:
        self._frames = ImageFrames(topic, *grey_scales(options))
        self._sender = Sender(sender, options, self._frames, options.fps, self._on_watched)
        self._subscription = LazyImageSubscription(
            node, topic, self._on_message, self._on_subscribe, self._on_unsubscribe
        )
        self._info = CameraInfoSubscription(node, self._on_info)
        self._clock = node.get_clock()
        self._name = topic
        self._passthrough: Passthrough | None = None
        self._images = 0

    def report(self) -> TopicReport:
        """Return how the topic is doing; in the event loop."""
        sender = self._sender
        return TopicReport(
            sender.sender_id,
            self._subscription.name,
            sender.connected,
            sender.viewers,
            self._images,
            self._frames.dropped,
        )

    async def run(self) -> None:
        """Serve receivers until cancelled."""
        try:
            await self._sender.run()
        finally:
            self._frames.close()

    def apply(self, topic: str, options: SenderNodeOptions) -> None:
        """Use changed parameters; in the event loop."""
        self._sender.set_bitrates(options.min_bitrate, options.bitrate)
        self._frames.pictures.set_ranges(*grey_scales(options))
        self._subscription.set_topic(topic)

    def _on_watched(self, sessions: int) -> None:
        self._subscription.want(sessions > 0)

    def _on_subscribe(self, topic: str) -> None:
        self._name = topic
        self._frames.set_topic(topic)
        self._end_passthrough()
        self._info.subscribe(topic)

    def _on_unsubscribe(self) -> None:
        self._info.unsubscribe()

    def _on_info(self, info: dict[str, Any] | None) -> None:
        self._sender.set_metadata({'camera_info': info})

    def _on_message(self, message: ImageMessage) -> None:
        self._images += 1
        header = source_header(message.header, self._clock)
        if isinstance(message, CompressedImage) and is_h264(message):
            if self._passthrough is None:
                self._passthrough = self._sender.passthrough(self._name, self._frames.put_picture)
            self._passthrough.put(AccessUnit(bytes(message.data), capture_ns(header), header))
        else:
            self._end_passthrough()
            self._frames.put(message, header)

    def _end_passthrough(self) -> None:
        if self._passthrough:
            self._passthrough.close()
        self._passthrough = None


def grey_scales(options: SenderNodeOptions) -> tuple[DepthRange, GreyRange]:
    """
    Return the ranges in `options` of depth images and of mono16.

    Raises: OptionError.
    """
    depth = DepthRange(options.depth_near, options.depth_far)
    return depth, GreyRange(options.mono16_black, options.mono16_white)
