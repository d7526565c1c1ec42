"""`sensor_msgs/CompressedImage` from `sensor_msgs/Image`, as in image_transport."""

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

FORMATS = {
    'bgr8': 'bgr8; jpeg compressed bgr8',
    'rgb8': 'rgb8; jpeg compressed bgr8',
    'mono8': 'mono8; jpeg compressed ',
    'nv12': 'bgr8; jpeg compressed bgr8',
}
"""
`format` for each encoding of the image.

Subscribers convert it to the encoding before the semicolon; colours are in BT.601, full range, as
in any JPEG file, and `bgr8` means that OpenCV took them from such an image.
"""


def to_jpeg(image: Image, quality: int) -> CompressedImage:
    """
    Return `image` (in one of `FORMATS`) as JPEG of `quality`, libjpeg's 1 to 100.

    It is made from the packed image, although the decoder's picture is yuv420p: FFmpeg's mjpeg
    encoder, which takes that, needs twice the time (720p: 8 to 10 ms, this with its conversion
    4.5), and only has the coarser quality steps of MPEG.
    """
    message = CompressedImage(header=image.header, format=FORMATS[image.encoding])
    pixels = bgr_of(image) if image.encoding == 'nv12' else packed_pixels(image)
    if image.encoding == 'rgb8':
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    encoded, jpeg = cv2.imencode('.jpg', pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    assert encoded, 'JPEG takes any picture of 8 bits'
    message._data = jpeg  # bypasses the setter, as in ImageConverter
    return message


def packed_pixels(image: Image) -> np.ndarray:
    """Return a view of a one-plane image, of shape (height, width, channels)."""
    return np.frombuffer(image._data, np.uint8).reshape(image.height, image.width, -1)


def bgr_of(image: Image) -> np.ndarray:
    """Return an nv12 image in blue, green and red, without the last line of an odd number."""
    height, width = image.height & ~1, image.width & ~1
    lines = np.frombuffer(image._data, np.uint8).reshape(-1, image.step)
    pairs = lines[image.height :][: height // 2, :width].reshape(height // 2, width // 2, 2)
    return cv2.cvtColorTwoPlane(lines[:height, :width], pairs, cv2.COLOR_YUV2BGR_NV12)
