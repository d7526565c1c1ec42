"""From messages with images to pictures for an encoder."""

import time
from typing import Any

import av
import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import KNOWN, PictureMaker
from webrtc_bridge.media.pixels.raw_image import ImageError, RawImage

ImageMessage = Image | CompressedImage

END_OF_NTP = 2_085_978_496
'Seconds from 1970 to 2036, where the 32 bits of the NTP timestamps in RTCP are used up.'


class PictureConverter:
    """
    Make pictures of messages; as `PictureMaker`, whose memory they are.

    cv_bridge, where it is installed, converts what `PictureMaker` does not know to BGR.
    What it does know takes one conversion there instead of two, and no library that may have been
    built for another numpy than the one in this virtual environment.
    """

    def __init__(self, depth: DepthRange) -> None:
        self._maker = PictureMaker(depth)
        self._bridge: Any = None

    def set_depth(self, depth: DepthRange) -> None:
        """Show depth images in another range; from any thread."""
        self._maker.depth = depth

    def picture(self, message: ImageMessage) -> av.VideoFrame:
        """
        Return what `message` shows.

        Raises: ImageError.
        """
        if isinstance(message, CompressedImage):
            return self._maker.of_bgr(decompressed(message))
        image = self.raw(message)
        if image.encoding not in KNOWN and self._has_cv_bridge():
            image.rows(1)  # cv_bridge would have other words for data that is too short
            return self._maker.of_bgr(self._by_cv_bridge(message))
        return self._maker.picture(image)

    @staticmethod
    def raw(message: Image) -> RawImage:
        """Return `message` as the media layer sees it, over the same data."""
        return RawImage(
            message.encoding,
            message.width,
            message.height,
            message.step,
            message.data,
            bool(message.is_bigendian),
        )

    def _by_cv_bridge(self, message: Image) -> Any:
        try:
            return self._bridge.imgmsg_to_cv2(message, 'bgr8')
        except Exception as error:  # CvBridgeError, and whatever numpy makes of the message
            raise ImageError(
                f'encoding {message.encoding!r:.40}', f'one that cv_bridge can convert ({error})'
            ) from error

    def _has_cv_bridge(self) -> bool:
        if self._bridge is None:
            try:
                from cv_bridge import CvBridge

                self._bridge = CvBridge()
            except (ImportError, AttributeError):  # the latter for another numpy's
                self._bridge = False
        return bool(self._bridge)


def decompressed(message: CompressedImage) -> Any:
    """
    Return the pixels of a JPEG or PNG, blue, green and red of shape (height, width, 3).

    Raises: ImageError.
    """
    data = np.frombuffer(message.data, np.uint8)
    # As the camera sees it, which is what its calibration is for, whatever its EXIF says.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(data, flags) if data.size else None
    except cv2.error:
        pixels = None
    if pixels is None or min(pixels.shape[:2]) < 2:
        what = f'{data.size} bytes of format {message.format!r:.60}'
        raise ImageError(what, 'a whole jpeg or png image, or h264')
    return pixels


def is_h264(message: CompressedImage) -> bool:
    """Say whether `message` is part of a video in H.264."""
    return message.format.partition(';')[0].strip().lower() == 'h264'


def capture_ns(message: ImageMessage) -> int:
    """Return the stamp of `message` in nanoseconds; the time now, where it has no usable one."""
    stamp = message.header.stamp
    if 0 <= stamp.sec < END_OF_NTP and (stamp.sec or stamp.nanosec):
        return int(stamp.sec * 1_000_000_000 + stamp.nanosec)
    return time.time_ns()
