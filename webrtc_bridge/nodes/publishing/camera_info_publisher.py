"""Publish `sensor_msgs/CameraInfo` alongside an image topic, and accept new calibrations."""

import dataclasses
import logging
import re
import threading
from collections.abc import Mapping
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from webrtc_bridge.errors import OptionError, WebrtcBridgeError
from webrtc_bridge.nodes.calibration import calibration_file
from webrtc_bridge.nodes.calibration.calibration import Calibration, calibration_from
from webrtc_bridge.nodes.calibration.camera_info import from_message, to_message
from webrtc_bridge.nodes.publishing.lazy_publisher import LazyPublisher
from webrtc_bridge.nodes.ros.ros_names import sibling_service, sibling_topic
from webrtc_bridge.nodes.ros.stamps import header
from webrtc_bridge.options import ReceiverOptions

NAME = '${NAME}'
'Placeholder for the name of the camera in a URL, as in camera_info_manager.'

UNCALIBRATED = Calibration(0, 0)

logger = logging.getLogger(__name__)


class CameraInfoPublisher:
    """
    Publish on `camera_info` next to the image topic, and offer `set_camera_info` there.

    Create it before the node spins. A calibration from the service has priority, then the file at
    `camera_info_url`, then that of the sender.

    Raises: OptionError if the file, the topic or a QoS override is invalid.
    """

    def __init__(self, node: Node, options: ReceiverOptions) -> None:
        self._publisher = LazyPublisher(
            node, CameraInfo, sibling_topic(node, options.topic, 'camera_info')
        )
        self.parameters = self._publisher.parameters
        self._frame_id = options.frame_id
        self._camera_name = re.sub(r'\W', '_', options.sender_id or 'camera')
        self._url = options.camera_info_url.replace(NAME, self._camera_name)
        self._own = self._load() if self._url else None
        self._senders: Calibration | None = None
        self._lock = threading.Lock()
        self._made: tuple[Calibration, int, int, CameraInfo] | None = None
        self._shape_logged = False
        self._newest_ns = 0
        service = sibling_service(node, options.topic, 'set_camera_info')
        node.create_service(SetCameraInfo, service, self._on_service)

    @property
    def subscribed(self) -> bool:
        """Return whether anybody wants the messages."""
        return self._publisher.subscribed

    def set_senders(self, info: Mapping[str, Any] | None) -> None:
        """Use `info` from the sender (as for `calibration_from`); None if it sends none."""
        try:
            self._senders = calibration_from(info) if info else None
        except OptionError as error:
            logger.warning('ignoring the camera_info of the sender: %s', error)
            self._senders = None

    def publish(self, stamp_ns: int, width: int, height: int) -> None:
        """Publish for a picture of that size if anybody subscribes; from any thread."""
        if not self.subscribed:
            return
        with self._lock:
            # Pictures come from the decoder's thread, encoded frames from the event loop: at a
            # change from one to the other, an older one may come late.
            if stamp_ns <= self._newest_ns:
                return
            self._newest_ns = stamp_ns
            message = self._message(width, height)
            message.header = header(self._frame_id, stamp_ns)
            self._publisher.publish(message)

    def close(self) -> None:
        """Ignore further pictures."""
        self._publisher.close()

    def _message(self, width: int, height: int) -> CameraInfo:
        calibration = self._own or self._senders or UNCALIBRATED
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
            'the calibration is for pictures of %s, which do not have the shape of %dx%d: it is '
            'stretched to fit, which is wrong if they are cropped',
            size,
            width,
            height,
        )

    def _load(self) -> Calibration | None:
        found = calibration_file.load(self._url)
        if found is None:
            logger.warning('%s does not exist: no calibration until one is set', self._url)
        return found

    def _on_service(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        """Use the calibration from now on, and save it; in the node's thread."""
        try:
            calibration = from_message(request.camera_info)
        except OptionError as error:
            response.success, response.status_message = False, str(error)
            return response
        name = self._own.camera_name if self._own else ''
        self._own = dataclasses.replace(calibration, camera_name=name or self._camera_name)
        self._shape_logged = False
        response.success, response.status_message = self._save(self._own)
        logger.info('set_camera_info: %s', response.status_message)
        return response

    def _save(self, calibration: Calibration) -> tuple[bool, str]:
        if not self._url:
            return True, 'kept until the node ends, because camera_info_url is empty'
        try:
            path = calibration_file.path_of(self._url)
            calibration_file.save(path, calibration)
        except WebrtcBridgeError as error:
            return False, f'used until the node ends, but not saved: {error}'
        return True, f'saved to {path}'
