"""The topics of one camera."""

from collections.abc import Mapping
from typing import Any

from rclpy.node import Node

from webrtc_bridge.media.frames import EncodedFrame, ReceivedFrame
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.nodes.publishing.camera_info_publisher import CameraInfoPublisher
from webrtc_bridge.nodes.publishing.encoded_publisher import EncodedPublisher
from webrtc_bridge.nodes.publishing.image_publisher import ImagePublisher
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.delivery import FrameSink


class CameraTopics:
    """
    Publish what a receiver hands out; create it before the node spins.

    Each topic costs something only while it has subscribers: without any of the images, raw or
    compressed, nothing is decoded, and camera_info comes with the encoded frames.

    Raises: OptionError when a topic, a QoS override or the calibration file cannot be used.
    """

    parameters: list[str]
    'Names of the parameters that were declared besides the option table.'

    output: FrameSink
    'What the receiver hands its pictures and frames to.'

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._images = ImagePublisher(node, options)
        self._encoded = EncodedPublisher(node, options)
        self._info = CameraInfoPublisher(node, options)
        self._publishers = (self._images, self._encoded, self._info)
        self.parameters = [name for each in self._publishers for name in each.parameters]
        self._size: tuple[int, int] | None = None
        self.output = FrameSink(
            on_frame=self._on_frame,
            wants_pictures=lambda: self._images.subscribed,
            on_encoded=self._on_encoded,
            wants_encoded=self._wants_encoded,
            on_metadata=lambda metadata: self.set_calibration(metadata.get('camera_info')),
        )

    def change(self, options: ReceiverOptions) -> None:
        """Use what may change while the node runs: `jpeg_quality`."""
        self._images.jpeg_quality = options.jpeg_quality

    def set_calibration(self, info: Mapping[str, Any] | None) -> None:
        """
        Take what the sender says of its camera: the fields of CameraInfo by name, or None.

        `camera_info_url` and the service set_camera_info override it. What cannot be used is
        logged. From any thread.
        """
        self._info.set_senders(info)

    def close(self) -> None:
        """Publish nothing any more."""
        for each in self._publishers:
            each.close()

    def _on_frame(self, frame: ReceivedFrame) -> None:
        self._images.publish(frame)
        self._info.publish(frame.stamp_ns, frame.picture.width, frame.picture.height)

    def _on_encoded(self, frame: EncodedFrame, stamp_ns: int) -> None:
        if frame.keyframe:
            self._size = video_size(frame)
        if self._size is None:
            return  # a keyframe that tells no size is broken, and all after it
        self._encoded.publish(frame, stamp_ns, self._size)
        if not self._images.subscribed:
            self._info.publish(stamp_ns, *self._size)

    def _wants_encoded(self) -> bool:
        # Once false, and the frames go on with a keyframe: senders have no other reason to send
        # one, so that who comes later would never be able to decode.
        if self._encoded.notice_newcomers():
            return False
        return self._encoded.subscribed or (self._info.subscribed and not self._images.subscribed)
