"""Pictures like those of a decoder."""

import av
import numpy as np

YUV = {'red': (81, 90, 240), 'green': (145, 54, 34), 'blue': (41, 240, 110)}
'BT.601, limited range.'
RGB = {'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255)}


def plain(colour: tuple[int, int, int], width: int = 64, height: int = 48) -> av.VideoFrame:
    picture = av.VideoFrame(width, height, 'yuv420p')
    for plane, value in zip(picture.planes, colour, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return picture


def gradient(width: int, height: int) -> av.VideoFrame:
    """Return a picture in which each pixel of a row and each row differ."""
    across = np.linspace(0, 255, width)[None, :, None] * [1.0, 0.5, 0.0]
    down = np.linspace(0, 255, height)[:, None, None] * [0.0, 0.5, 1.0]
    return av.VideoFrame.from_ndarray((across + down).astype(np.uint8), 'bgr24').reformat(
        format='yuv420p'
    )
