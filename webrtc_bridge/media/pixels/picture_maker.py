"""Make pictures for an encoder of the images of ROS."""

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from webrtc_bridge.media.pixels.colours import SRGB_AS_BT601, declare
from webrtc_bridge.media.pixels.depth import BLACK, ENCODINGS, WHITE, DepthRange
from webrtc_bridge.media.pixels.planes import plane_rows
from webrtc_bridge.media.pixels.raw_image import ImageError, Pixels, RawImage
from webrtc_bridge.media.pixels.wide import GreyRange, WideValues

COLOURS = {
    'rgb8': (3, cv2.COLOR_RGB2YUV_I420),
    'bgr8': (3, cv2.COLOR_BGR2YUV_I420),
    'rgba8': (4, cv2.COLOR_RGBA2YUV_I420),
    'bgra8': (4, cv2.COLOR_BGRA2YUV_I420),
    '8UC3': (3, cv2.COLOR_BGR2YUV_I420),
    '8UC4': (4, cv2.COLOR_BGRA2YUV_I420),
}
'Bytes per pixel, and the conversion to yuv420p, which is BT.601 in the limited range.'

MOSAICS = {
    # OpenCV names a pattern by its pixel at (1, 1), ROS by that at (0, 0).
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR,
    'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR,
    'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
}
GREYS = ('mono8', '8UC1')
PACKED = {'yuv422': 'uyvy422', 'uyvy': 'uyvy422', 'yuv422_yuy2': 'yuyv422', 'yuyv': 'yuyv422'}
'Names in FFmpeg. The yuv422 of ROS is UYVY.'

SEMI_PLANAR = {'nv12': (0, 1), 'nv21': (1, 0)}
'Positions of U and V in each pair.'

WIDE = {
    'mono16': ('mono8', 1),
    'rgb16': ('rgb8', 3),
    'bgr16': ('bgr8', 3),
    'rgba16': ('rgba8', 4),
    'bgra16': ('bgra8', 4),
    **{f'{name[:-1]}16': (name, 1) for name in MOSAICS},
}
'The 8-bit encoding that 16-bit encodings become, and values per pixel.'

GREY_LEVELS = np.round(BLACK + np.arange(256) * (WHITE - BLACK) / 255).astype(np.uint8)
'Luma in the limited range for each grey in the full range.'

KNOWN = frozenset([*COLOURS, *MOSAICS, *GREYS, *PACKED, *SEMI_PLANAR, *WIDE, *ENCODINGS])
'Encodings that `PictureMaker` accepts.'

DEFAULT_GREYS = GreyRange()


class PictureMaker:
    """
    Make pictures for an encoder, in yuv420p with even sides, of ROS images in `KNOWN` encodings.

    The last column or row of an odd width or height is left out. A picture is in the maker's own
    memory, and valid until the next call: encode it at once. For one thread.
    """

    def __init__(self, depth: DepthRange, greys: GreyRange = DEFAULT_GREYS) -> None:
        self.depth = depth
        self.greys = greys
        self._wide = WideValues()
        self._i420: Pixels = np.empty((0, 0), np.uint8)
        self._packed: av.VideoFrame | None = None
        self._reformatter = VideoReformatter()

    def picture(self, image: RawImage) -> av.VideoFrame:
        """
        Return `image` as a picture.

        Raises: ImageError, if its encoding is unknown or its data too short.
        """
        name = image.encoding
        if name == 'mono16' and self.greys.white:
            return self._of_luma(self.greys.luma(image))
        if name in WIDE:
            image = self._wide.narrowed(image, *WIDE[name])
            name = image.encoding
        if name in COLOURS:
            channels, conversion = COLOURS[name]
            pixels = image.rows(channels).reshape(image.height, image.width, channels)
            return self._of_colours(pixels, conversion)
        if name in MOSAICS:
            return self.of_bgr(cv2.cvtColor(image.rows(1), MOSAICS[name]))
        if name in PACKED:
            return self._of_packed(image)
        if name in SEMI_PLANAR:
            return self._of_semi_planar(image)
        if name in GREYS:
            return self._of_luma(cv2.LUT(image.rows(1), GREY_LEVELS))
        if name in ENCODINGS:
            return self._of_luma(self.depth.luma(image))
        raise ImageError('unknown encoding', 'one of ' + ', '.join(sorted(KNOWN)))

    def of_bgr(self, pixels: npt.NDArray[Any]) -> av.VideoFrame:
        """Return `pixels`, blue, green and red of shape (height, width, 3), as a picture."""
        return self._of_colours(pixels, cv2.COLOR_BGR2YUV_I420)

    def _of_colours(self, pixels: npt.NDArray[Any], conversion: int) -> av.VideoFrame:
        height, width = pixels.shape[0] & ~1, pixels.shape[1] & ~1
        convert: Callable[..., Any] = cv2.cvtColor
        # 0.6 ms at 720p; swscale takes 6.
        convert(pixels[:height, :width], conversion, dst=self._planes(width, height))
        return self._frame()

    def _of_luma(self, luma: npt.NDArray[Any]) -> av.VideoFrame:
        height, width = luma.shape[0] & ~1, luma.shape[1] & ~1
        planes = self._planes(width, height)
        planes[:height] = luma[:height, :width]
        planes[height:] = 128
        return self._frame()

    def _of_semi_planar(self, image: RawImage) -> av.VideoFrame:
        height, width = image.height & ~1, image.width & ~1
        lines = image.lines(image.height + (image.height + 1) // 2, image.width + image.width % 2)
        planes = self._planes(width, height)
        planes[:height] = lines[:height, :width]
        pairs = lines[image.height :][: height // 2, :width].reshape(height // 2, width // 2, 2)
        chroma = planes[height:].reshape(2, height // 2, width // 2)
        for plane, position in zip(chroma, SEMI_PLANAR[image.encoding], strict=True):
            plane[:] = pairs[..., position]
        return self._frame()

    def _of_packed(self, image: RawImage) -> av.VideoFrame:
        height, width = image.height & ~1, image.width & ~1
        rows = image.lines(image.height, (image.width + 1) // 2 * 4)
        name, packed = PACKED[image.encoding], self._packed
        same = packed and (packed.width, packed.height, packed.format.name)
        if packed is None or same != (width, height, name):
            packed = self._packed = av.VideoFrame(width, height, name)
        plane_rows(packed.planes[0])[:, : 2 * width] = rows[:height, : 2 * width]
        picture = self._reformatter.reformat(packed, format='yuv420p')
        declare(picture, SRGB_AS_BT601)
        return picture

    def _planes(self, width: int, height: int) -> Pixels:
        """Return the memory of a picture: Y, followed by U and V without gaps."""
        if self._i420.shape != (height * 3 // 2, width):
            self._i420 = np.empty((height * 3 // 2, width), np.uint8)
        return self._i420

    def _frame(self) -> av.VideoFrame:
        if len(self._i420) % 6:
            # PyAV 18 rounds the height of such a buffer down to a multiple of four.
            picture = av.VideoFrame.from_ndarray(self._i420, format='yuv420p')
        else:
            picture = av.VideoFrame.from_numpy_buffer(self._i420, format='yuv420p')
        declare(picture, SRGB_AS_BT601)
        return picture
