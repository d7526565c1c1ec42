"""
Decompress the images of a `sensor_msgs/CompressedImage`.

The part of `format` before the semicolon is the encoding of the image that was compressed:
`16UC1; png compressed`, `bayer_rggb8; jpeg compressed`, `32FC1; compressedDepth png`. The plugins
of image_transport write it, others write a bare `jpeg` or `png`.
"""

import struct
import sys
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from webrtc_bridge.media.pixels.depth import ENCODINGS as DEPTHS
from webrtc_bridge.media.pixels.picture_maker import GREYS, MOSAICS, WIDE
from webrtc_bridge.media.pixels.raw_image import ImageError, RawImage

SINGLE = frozenset([*DEPTHS, *GREYS, *MOSAICS, *(name for name in WIDE if WIDE[name][1] == 1)])
'Encodings with a single value for each pixel, which an image of one channel may stand for.'

BY_CHANNELS = {
    (1, 'uint8'): 'mono8',
    (3, 'uint8'): 'bgr8',
    (4, 'uint8'): 'bgra8',
    (1, 'uint16'): 'mono16',
    (3, 'uint16'): 'bgr16',
    (4, 'uint16'): 'bgra16',
}
'Encodings of what OpenCV returns, by number and type of its channels.'

DEPTH_HEADER = struct.Struct('<iff')
"""
The header of compressedDepth (compressed_depth_image_transport/compression_common.h): a format
that nobody reads, and the two parameters of the quantization of 32FC1.
"""


def decompressed(data: npt.NDArray[np.uint8], format_name: str) -> RawImage:
    """
    Return the image in `data`, in the encoding that `format_name` starts with.

    Raises: ImageError.
    """
    encoding, _, rest = (part.strip() for part in format_name.partition(';'))
    if 'compressedDepth' in rest:
        return _depth(data, encoding, format_name)
    pixels = _pixels(data, format_name)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    found = BY_CHANNELS.get((channels, pixels.dtype.name))
    if found is None:
        raise _refusal(data, format_name, 'an image of 1, 3 or 4 channels of 8 or 16 bits')
    if channels == 1 and encoding in SINGLE:
        found = _with_size(encoding, pixels.dtype.itemsize) or found
    return _raw(found, pixels)


def _with_size(encoding: str, size: int) -> str | None:
    """Return the like of `encoding` with `size` bytes for each value, if there is one."""
    if encoding == '32FC1':
        return None
    narrow = WIDE[encoding][0] if encoding in WIDE else encoding
    if size == 1:
        return narrow if encoding != '16UC1' else None
    if encoding == '16UC1' or encoding in WIDE:
        return encoding
    return next((wide for wide, (name, _) in WIDE.items() if name == narrow), None)


def _depth(data: npt.NDArray[np.uint8], encoding: str, format_name: str) -> RawImage:
    if 'rvl' in format_name:
        raise _refusal(data, format_name, 'compressedDepth as png')
    if len(data) <= DEPTH_HEADER.size:
        raise _refusal(data, format_name, 'a whole compressedDepth image')
    _, scale, offset = DEPTH_HEADER.unpack(data[: DEPTH_HEADER.size].tobytes())
    pixels = _pixels(data[DEPTH_HEADER.size :], format_name)
    if pixels.ndim != 2 or pixels.dtype != np.uint16 or encoding not in DEPTHS:
        raise _refusal(data, format_name, f'a png of 16 bits, in {" or ".join(DEPTHS)}')
    if encoding == '16UC1':
        return _raw(encoding, pixels)
    with np.errstate(divide='ignore', invalid='ignore'):
        metres = np.float32(scale) / (pixels - np.float32(offset))
    # 0 stands for no measurement.
    return _raw(encoding, np.where(pixels > 0, metres, np.float32('nan')).astype(np.float32))


def _pixels(data: npt.NDArray[np.uint8], format_name: str) -> npt.NDArray[Any]:
    # As they are, also regardless of EXIF: the calibration is for the camera's own orientation.
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except cv2.error:
        pixels = None
    if pixels is None or min(pixels.shape[:2]) < 2:
        raise _refusal(data, format_name, 'a whole jpeg or png image, or h264')
    return pixels


def _raw(encoding: str, pixels: npt.NDArray[Any]) -> RawImage:
    height, width = pixels.shape[:2]
    step = pixels.strides[0]
    bytes_ = pixels.reshape(height, -1).view(np.uint8)
    return RawImage(encoding, width, height, step, bytes_, sys.byteorder == 'big')


def _refusal(data: npt.NDArray[np.uint8], format_name: str, expected: str) -> ImageError:
    return ImageError(f'{data.size} bytes of format {format_name!r:.60}', expected)
