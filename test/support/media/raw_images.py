"""A picture of four colours in every encoding of ROS."""

import array

import av
import cv2
import numpy as np

from webrtc_bridge.media.pixels.raw_image import RawImage

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
QUARTERS = (RED, GREEN, BLUE, GREY)
MOSAICS = {'rggb': 'RGGB', 'bggr': 'BGGR', 'gbrg': 'GBRG', 'grbg': 'GRBG'}


def quarters(width, height):
    """Return a picture in RGB: red and green above, blue and grey below."""
    pixels = np.empty((height, width, 3), np.uint8)
    for index, colour in enumerate(QUARTERS):
        rows, columns = (slice(None, height // 2), slice(None, width // 2))
        if index >= 2:
            rows = slice(height // 2, None)
        if index % 2:
            columns = slice(width // 2, None)
        pixels[rows, columns] = colour
    return pixels


def mosaic(pixels, pattern):
    """Return what a sensor with the filter `pattern` over it sees of RGB `pixels`."""
    sensed = np.empty(pixels.shape[:2], np.uint8)
    for place, colour in enumerate(pattern):
        y, x = divmod(place, 2)
        sensed[y::2, x::2] = pixels[y::2, x::2, 'RGB'.index(colour)]
    return sensed


def in_422(pixels, order):
    """Return RGB `pixels` in 4:2:2; a last odd column has its own pair."""
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, 0), (0, width % 2), (0, 0)), 'edge')
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), 'rgb24').reformat(format=order)
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[:height, : 2 * (width + width % 2)]


def in_420(pixels, order):
    """Return RGB `pixels` in Y lines and below them lines of chroma pairs in `order`."""
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), 'edge')
    planes = cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420)
    rows, columns = even.shape[:2]
    u, v = planes[rows:].reshape(2, rows // 2, columns // 2)
    pairs = np.stack([u, v] if order == 'uv' else [v, u], axis=-1)
    return np.vstack([planes[:height], pairs.reshape(rows // 2, columns)])


def lines_of(encoding, pixels, big_endian=False):
    """Return the bytes of RGB `pixels` in `encoding`, in lines."""
    if encoding.startswith('bayer'):
        sensed = mosaic(pixels, MOSAICS[encoding[6:10]])
    elif encoding in ('yuv422', 'uyvy'):
        return in_422(pixels, 'uyvy422')
    elif encoding in ('yuv422_yuy2', 'yuyv'):
        return in_422(pixels, 'yuyv422')
    elif encoding in ('nv12', 'nv21'):
        return in_420(pixels, 'uv' if encoding == 'nv12' else 'vu')
    elif encoding.startswith('mono') or encoding == '8UC1':
        sensed = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    else:
        order = {'rgb': [0, 1, 2], 'bgr': [2, 1, 0], '8UC': [2, 1, 0]}[encoding[:3]]
        sensed = pixels[..., order]
        if encoding.startswith(('rgba', 'bgra', '8UC4')):
            sensed = np.dstack([sensed, np.full(sensed.shape[:2], 77, np.uint8)])
    if encoding.endswith('16'):
        sensed = sensed.astype('>u2' if big_endian else '<u2') * 256 + 13
        sensed = sensed.astype('>u2' if big_endian else '<u2')
    return np.ascontiguousarray(sensed).reshape(sensed.shape[0], -1).view(np.uint8)


def image_of(encoding, size, padding=0, big_endian=False):
    lines = lines_of(encoding, quarters(*size), big_endian)
    padded = np.pad(lines, ((0, 0), (0, padding)), constant_values=200)
    data = array.array('B', padded.tobytes())
    return RawImage(encoding, *size, padded.shape[1], data, big_endian)


def wrong_quarters(displayed, encoding, tolerance=6):
    """Return the quarters of RGB `displayed` with a wrong colour, and that colour."""
    displayed = displayed.astype(int)
    height, width = displayed.shape[:2]
    expected = np.array(QUARTERS)
    if encoding.startswith('mono') or encoding == '8UC1':
        expected = expected @ [0.299, 0.587, 0.114]
        expected = np.repeat(expected[:, None], 3, axis=1)
    wrong = {}
    for index, colour in enumerate(expected):
        y, x = height // 4 + height // 2 * (index // 2), width // 4 + width // 2 * (index % 2)
        if np.abs(displayed[y, x] - colour).max() > tolerance:
            wrong[index] = displayed[y, x].tolist()
    return wrong
