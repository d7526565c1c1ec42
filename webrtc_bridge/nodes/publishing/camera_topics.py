"""The topics of one camera."""

from rclpy.node import Node

from webrtc_bridge.media.frames import EncodedFrame, ReceivedFrame
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.nodes.publishing.camera_info_publisher import CameraInfoPublisher, Way
from webrtc_bridge.nodes.publishing.delivery_check import DeliveryCheck
from webrtc_bridge.nodes.publishing.encoded_publisher import EncodedPublisher
from webrtc_bridge.nodes.publishing.headers import Headers
from webrtc_bridge.nodes.publishing.image_publisher import ImagePublisher
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.receiving.frame_sink import FrameSink


class CameraTopics(FrameSink):
    """
    Publish the pictures and frames of a receiver; create it before the node spins.

    Each topic has a cost only while it has subscribers: with none for the images, raw or
    compressed, nothing is decoded, and camera_info is published with the encoded frames.

    Raises: OptionError if a topic, a QoS override or the calibration file is invalid.
    """

    parameters: list[str]
    'Names of the declared parameters that are not in the option table.'

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._headers = Headers(node.get_clock(), options)
        self._images = ImagePublisher(node, options)
        self._encoded = EncodedPublisher(node, options)
        self._info = CameraInfoPublisher(node, options)
        self._publishers = (self._images, self._encoded, self._info)
        self.parameters = [name for each in self._publishers for name in each.parameters]
        self.delivery_check = DeliveryCheck(
            self._images.publishers + self._encoded.publishers, node.context.get_domain_id()
        )
        self._size: tuple[int, int] | None = None
        self.change(options)

    def change(self, options: ReceiverOptions) -> None:
        """Use the options that may change while the node runs."""
        self._images.jpeg_quality = options.jpeg_quality
        self._keyframe_interval = options.keyframe_interval

    def close(self) -> None:
        """Ignore further pictures and frames."""
        for each in self._publishers:
            each.close()

    def wants_pictures(self) -> bool:
        """Return whether images have subscribers."""
        return self._images.subscribed

    def wants_frames(self) -> bool:
        """Return whether encoded frames have subscribers, or only camera_info has."""
        # Once False, so that the frames resume with a keyframe: senders have no other reason to
        # send one, and a late subscriber could never decode.
        if self._encoded.notice_newcomers():
            return False
        return self._encoded.subscribed or (self._info.subscribed and not self._images.subscribed)

    def is_idle(self) -> bool:
        """Return whether no topic has subscribers."""
        return not any(each.subscribed for each in self._publishers)

    def keyframe_interval(self) -> float:
        """Return the longest time between keyframes while encoded frames have subscribers."""
        # One that joins is noticed, but not one that lost a message, and nobody who plays a bag.
        return self._keyframe_interval if self._encoded.subscribed else 0.0

    def on_picture(self, received: ReceivedFrame) -> None:
        """Publish an image and its camera_info."""
        picture, sender_id = received.picture, received.sender_id
        header = self._headers.of(received.stamp_ns, sender_id, received.header)
        self._images.publish(picture, header)
        self._info.publish(header, (picture.width, picture.height), sender_id, Way.DECODED)

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        """Publish an encoded frame, and camera_info where no image does."""
        if frame.keyframe:
            self._size = video_size(frame)
        if self._size is None:
            return  # a keyframe without a size is broken, and so are the frames after it
        header = self._headers.of(stamp_ns, sender_id, frame.header)
        self._encoded.publish(frame, header, self._size)
        if not self._images.subscribed:
            self._info.publish(header, self._size, sender_id, Way.ENCODED)

    def on_sender(self, sender_id: str) -> None:
        """Take new calibrations for that sender's camera."""
        self._info.follow(sender_id)

    def on_metadata(self, metadata: Metadata, sender_id: str) -> None:
        """
        Use the calibration from the sender: the fields of CameraInfo by name.

        `camera_info_url` and the service set_camera_info override it. An invalid one is logged.
        """
        self._info.set_senders(metadata.get('camera_info'), sender_id)
