"""Publish `sensor_msgs/CameraInfo` alongside an image topic, and accept new calibrations."""

import enum
import logging
import threading
from collections.abc import Mapping
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Header

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.calibration.calibration import Calibration
from webrtc_bridge.nodes.calibration.camera_info import from_message, to_message
from webrtc_bridge.nodes.publishing.followed_calibration import FollowedCalibration
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.ros_names import sibling_service, sibling_topic
from webrtc_bridge.nodes.ros.stamps import nanoseconds
from webrtc_bridge.options import ReceiverOptions

MOST_LATE_NS = 1_000_000_000
'Nanoseconds by which a picture by the other way may be older; beyond them, a clock was set.'

logger = logging.getLogger(__name__)


class Way(enum.Enum):
    """The ways in which a picture comes to have a message."""

    DECODED = 'decoded'
    ENCODED = 'encoded'


class CameraInfoPublisher:
    """
    Publish on `camera_info` next to the image topic, and offer `set_camera_info` there.

    Create it before the node spins. With the first picture of another sender, its calibration
    takes the place of the one before.

    Raises: OptionError if the file, the topic or a QoS override is invalid.
    """

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._publisher = LazyPublisher(
            node, CameraInfo, sibling_topic(node, options.topic, 'camera_info')
        )
        self.parameters = self._publisher.parameters
        self._calibration = FollowedCalibration(options.camera_info_url, options.sender_id)
        self._lock = threading.Lock()
        self._made: tuple[Calibration, int, int, CameraInfo] | None = None
        self._shape_logged = False
        self._newest: tuple[int, bool] | None = None
        service = sibling_service(node, options.topic, 'set_camera_info')
        node.create_service(SetCameraInfo, service, self._on_service)

    @property
    def subscribed(self) -> bool:
        """Return whether anybody wants the messages."""
        return self._publisher.subscribed

    def follow(self, sender_id: str) -> None:
        """Use the calibration of that sender's camera from now on."""
        if self._calibration.follow(sender_id):
            self._shape_logged = False

    def set_senders(self, info: Mapping[str, Any] | None, sender_id: str) -> None:
        """Use `info` from a sender (as for `calibration_from`); None if it sends none."""
        self._calibration.set_senders(info, sender_id)

    def publish(self, header: Header, size: tuple[int, int], sender_id: str, way: Way) -> None:
        """Publish for a sender's picture of `size` if anybody subscribes; from any thread."""
        with self._lock:
            if self._is_late(nanoseconds(header.stamp), way):
                return
            # Even without subscribers: the service saves to the current camera's file.
            self.follow(sender_id)
            if not self.subscribed:
                return
            message = self._message(*size)
            message.header = header
            self._publisher.publish(message)

    def close(self) -> None:
        """Ignore further pictures."""
        self._publisher.close()

    def _is_late(self, stamp_ns: int, way: Way) -> bool:
        """
        Return whether that picture had its message, or a newer one had, by the other way.

        Pictures come from the decoder's thread, encoded frames from the event loop. Stamps of a
        simulated clock may repeat, and go back far.
        """
        newest_ns, newest_way = self._newest or (stamp_ns - 1, way)
        if way is not newest_way and 0 <= newest_ns - stamp_ns < MOST_LATE_NS:
            return True
        self._newest = stamp_ns, way
        return False

    def _message(self, width: int, height: int) -> CameraInfo:
        calibration = self._calibration.current
        made = self._made
        if made is None or made[0] is not calibration or made[1:3] != (width, height):
            self._warn_of_shape(calibration, width, height)
            message = to_message(calibration.scaled_to(width, height))
            made = self._made = (calibration, width, height, message)
        return made[3]

    def _warn_of_shape(self, calibration: Calibration, width: int, height: int) -> None:
        if calibration.has_shape_of(width, height) or self._shape_logged:
            return
        self._shape_logged = True
        size = '{}x{}'.format(*calibration.picture_size)
        logger.warning(
            'the calibration is for pictures of %s, these have another shape (%dx%d): it is '
            'stretched to fit, which is wrong if the pictures are cropped',
            size,
            width,
            height,
        )

    def _on_service(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        """Use the calibration from now on, and save it; in the node's thread."""
        try:
            calibration = from_message(request.camera_info)
        except OptionError as error:
            response.success, response.status_message = False, str(error)
            return response
        self._shape_logged = False
        response.success, response.status_message = self._calibration.set(calibration)
        logger.info('set_camera_info: %s', response.status_message)
        return response
