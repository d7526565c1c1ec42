"""Plain pictures of known colours in any matrix, range and depth, and the colours of others."""

from fractions import Fraction

import av
import numpy as np

BT601, BT709, BT2020, UNSPECIFIED = 6, 1, 9, 2
KR_KB = {
    BT601: (0.299, 0.114),
    BT709: (0.2126, 0.0722),
    BT2020: (0.2627, 0.0593),
    5: (0.299, 0.114),
}
'By MatrixCoefficients of ITU-T H.273, table 4.'

COLOURS = [(217, 28, 28), (30, 199, 30), (30, 30, 217), (230, 230, 230), (40, 40, 40)]
LIMITED, FULL = 1, 2

DEPTHS = {'yuv420p': 8, 'yuvj420p': 8, 'yuv422p': 8, 'yuv444p': 8, 'yuv420p10le': 10}
'Bits of each sample by the format of the pixels.'


def levels(rgb, matrix, full=False, bits=8):
    """Return Y, Cb and Cr of `rgb` (ITU-T H.273, 8.3, equations 30 to 51)."""
    red, green, blue = (value / 255 for value in rgb)
    kr, kb = KR_KB[matrix]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 * (1 - kb)), (red - y) / (2 * (1 - kr))
    if full:
        most = (1 << bits) - 1
        exact = (most * y, most * cb + (1 << bits - 1), most * cr + (1 << bits - 1))
    else:
        exact = tuple((1 << bits - 8) * v for v in (219 * y + 16, 224 * cb + 128, 224 * cr + 128))
    return tuple(min((1 << bits) - 1, max(0, round(value))) for value in exact)


def rgb_of(ycbcr, matrix, full=False):
    """Return red, green and blue of 8-bit Y, Cb and Cr, the inverse of `levels`."""
    y, cb, cr = map(float, ycbcr)
    y, cb, cr = (
        (y / 255, (cb - 128) / 255, (cr - 128) / 255)
        if full
        else ((y - 16) / 219, (cb - 128) / 224, (cr - 128) / 224)
    )
    kr, kb = KR_KB[matrix]
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return tuple(min(255.0, max(0.0, 255 * value)) for value in (red, green, blue))


def chart(rgb, matrix, full=False, pixels='yuv420p', size=(64, 48), declared=True):
    """Return a picture of one colour, which declares its matrix and range or leaves them open."""
    bits = DEPTHS[pixels]
    picture = av.VideoFrame(*size, pixels)
    for plane, level in zip(picture.planes, levels(rgb, matrix, full, bits), strict=True):
        kind = np.uint8 if bits == 8 else np.dtype('<u2')
        plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, level, kind))
    picture.color_range = FULL if full else LIMITED
    picture.colorspace = matrix if declared else UNSPECIFIED
    return picture


def shown(picture):
    """Return the colour in the middle of a yuv420p picture, in BT.601 if it declares nothing."""
    assert picture.format.name in ('yuv420p', 'yuvj420p')
    rows = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in picture.planes]
    ycbcr = [r[r.shape[0] // 2, p.width // 2] for p, r in zip(picture.planes, rows, strict=True)]
    full = picture.color_range == FULL or picture.format.name == 'yuvj420p'
    matrix = BT601 if picture.colorspace == UNSPECIFIED else picture.colorspace
    return rgb_of(ycbcr, matrix, full)


def difference(picture, rgb):
    """Return how far the colour in the middle of `picture` is from `rgb`, in the worst channel."""
    return max(abs(a - b) for a, b in zip(shown(picture), rgb, strict=True))


def write_chart(path, picture, codec='libx264', frames=4, fps=20, options=None, aspect=None):
    """Write a film of `picture`, which declares what that does; return `path`."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=fps)
        context = stream.codec_context
        stream.width, stream.height = picture.width, picture.height
        stream.pix_fmt = picture.format.name
        context.colorspace, context.color_range = picture.colorspace, picture.color_range
        if aspect:
            context.sample_aspect_ratio = aspect
        stream.time_base = Fraction(1, fps)
        stream.options = {'crf': '4', **(options or {})} if '264' in codec else options or {}
        for index in range(frames):
            picture.pts, picture.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path
