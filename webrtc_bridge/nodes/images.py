"""From decoded pictures to `sensor_msgs/Image` messages."""

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from sensor_msgs.msg import Image

from webrtc_bridge.nodes.message_header import header

FORMATS = {'bgr8': ('bgr24', 3), 'rgb8': ('rgb24', 3), 'mono8': ('gray', 1)}
'ROS encoding: name of the pixel format in FFmpeg, bytes for each pixel.'

MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
"""
matrix_coefficients of a stream (ITU-T H.273, table 4) that are not BT.601's.

All else is taken for BT.601: unspecified, as most streams are, and what swscale refuses.
"""


class ImageConverter:
    """
    Make messages of `encoding` (one of `FORMATS`) in frame `frame_id`; for one thread at a time.

    A message's `data` is the converter's own memory, good until the next call: publish it at once
    (`publish()` serialises before it returns, and rclpy has no intra-process subscribers).

    Colours: BT.601 with limited range, unless the stream says otherwise. mono8 is the luma of
    the picture, stretched to 0 to 255, so the same as the gray value of the bgr8 image.
    """

    def __init__(self, encoding: str, frame_id: str) -> None:
        self._format, self._bytes_per_pixel = FORMATS[encoding]
        self._encoding = encoding
        self._frame_id = frame_id
        # Kept, because setting up swscale costs as much as converting a picture.
        self._reformatter = VideoReformatter()
        self._packed = np.empty((0, 0), np.uint8)

    def to_message(self, picture: av.VideoFrame, stamp_ns: int) -> Image:
        """Return `picture` as a message taken at `stamp_ns`, Unix time in nanoseconds."""
        # One thread: a second one saves 0.1 ms of 720p at the cost of CPU that others need.
        matrix = MATRICES.get(picture.colorspace, Colorspace.ITU601)
        pixels = self._reformatter.reformat(
            picture,
            format=self._format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            threads=1,
        )
        message = Image(header=header(self._frame_id, stamp_ns))
        message.height = pixels.height
        message.width = pixels.width
        message.encoding = self._encoding
        message.is_bigendian = 0
        message.step = pixels.width * self._bytes_per_pixel
        # Past the setter, which copies element by element (720p: 326 ms): what serialises the
        # message takes any buffer (720p, conversion included: 1.1 ms; through array.array 5.6).
        message._data = self._rows(pixels.planes[0], message.height, message.step)
        return message

    def _rows(self, plane: av.video.plane.VideoPlane, height: int, step: int) -> object:
        """Return the rows of `plane` without gaps, as many subscribers expect them."""
        if plane.line_size == step and plane.buffer_size == height * step:
            return plane
        # FFmpeg pads rows to a multiple of its alignment: 424 and 1366 pixels, not 640 or 1280.
        padded = np.frombuffer(plane, np.uint8)[: height * plane.line_size]
        if self._packed.shape != (height, step):
            self._packed = np.empty((height, step), np.uint8)
        np.copyto(self._packed, padded.reshape(height, plane.line_size)[:, :step])
        return self._packed
