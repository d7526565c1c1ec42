"""Pictures for an encoder from image messages."""

from typing import Any

import av
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from webrtc_bridge.media.pixels.decompressed import decompressed
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import DEFAULT_GREYS, KNOWN, PictureMaker
from webrtc_bridge.media.pixels.raw_image import ImageError, RawImage
from webrtc_bridge.media.pixels.wide import GreyRange

ImageMessage = Image | CompressedImage


class PictureConverter:
    """
    Make pictures of messages; like those of `PictureMaker`, they are valid until the next one.

    cv_bridge, if installed, converts encodings that `PictureMaker` does not know to BGR. For the
    others `PictureMaker` needs one conversion instead of two, and no library that may have been
    built for another numpy than the one in this virtual environment.
    """

    def __init__(self, depth: DepthRange, greys: GreyRange = DEFAULT_GREYS) -> None:
        self._maker = PictureMaker(depth, greys)
        self._bridge: Any = None

    def set_ranges(self, depth: DepthRange, greys: GreyRange) -> None:
        """Change the ranges of depth images and of mono16; from any thread."""
        self._maker.depth, self._maker.greys = depth, greys

    def picture(self, message: ImageMessage) -> av.VideoFrame:
        """
        Return the picture in `message`.

        Raises: ImageError.
        """
        if isinstance(message, CompressedImage):
            data = np.frombuffer(message.data, np.uint8)
            return self._maker.picture(decompressed(data, message.format))
        image = self.raw(message)
        if image.encoding not in KNOWN and self._has_cv_bridge():
            image.rows(1)  # raises our own error if the data is too short
            return self._maker.of_bgr(self._by_cv_bridge(message))
        return self._maker.picture(image)

    @staticmethod
    def raw(message: Image) -> RawImage:
        """Return `message` as a `RawImage` over the same data."""
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
        except Exception as error:  # CvBridgeError, or any error of numpy
            raise ImageError(
                f'encoding {message.encoding!r:.40}', f'one that cv_bridge can convert ({error})'
            ) from error

    def _has_cv_bridge(self) -> bool:
        if self._bridge is None:
            try:
                from cv_bridge import CvBridge

                self._bridge = CvBridge()
            except (ImportError, AttributeError):  # the latter if built for another numpy
                self._bridge = False
        return bool(self._bridge)


def is_h264(message: CompressedImage) -> bool:
    """Return whether `message` is part of an H.264 stream."""
    return message.format.partition(';')[0].strip().lower() == 'h264'
