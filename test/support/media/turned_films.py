"""Films of phones, which lie on their side and say so."""

import av
import numpy as np

from .raw_images import quarters

SIZE = (96, 64)

TURNS = {
    'upright': ((1, 0, 0, 1), lambda seen: seen),
    '90 to the right': ((0, 1, -1, 0), lambda seen: np.rot90(seen, -1)),
    '180': ((-1, 0, 0, -1), lambda seen: np.rot90(seen, 2)),
    '90 to the left': ((0, -1, 1, 0), lambda seen: np.rot90(seen)),
    'mirrored': ((-1, 0, 0, 1), lambda seen: seen[:, ::-1]),
    'upside down': ((1, 0, 0, -1), lambda seen: seen[::-1]),
    'mirrored, then 90 to the right': ((0, -1, -1, 0), lambda s: np.rot90(s[:, ::-1], -1)),
    'mirrored, then 90 to the left': ((0, 1, 1, 0), lambda s: np.rot90(s[:, ::-1])),
}
'The first four numbers of the display matrix, and what it does to the picture.'


def film(path, matrix, profile, size=SIZE, frames=4):
    """Write a film of four quarters that is to be shown by `matrix`."""
    one = 1 << 16
    a, b, c, d = (one * value for value in matrix)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=50)
        stream.width, stream.height, stream.pix_fmt = *size, 'yuv420p'
        stream.options = {'crf': '4', 'profile': profile, 'bf': '0', 'g': '4'}
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(quarters(*size), 'rgb24')
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def colours(pixels):
    """Return the colours in the middle of the four quarters, row by row."""
    height, width = pixels.shape[:2]
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return np.array([pixels[place] for place in places], int)
