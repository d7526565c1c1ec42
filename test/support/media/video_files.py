"""Write video files for the tests of sources."""

from fractions import Fraction

import av
import numpy as np

RED = (255, 0, 0)


def write_video(path, codec='libx264', size=(64, 48), frames=10, fps=20, colour=RED, options=None):
    """Write `frames` pictures of one colour to `path` and return `path`."""
    width, height = size
    pix_fmt = {'mjpeg': 'yuvj420p', 'png': 'rgb24'}.get(codec, 'yuv420p')
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.time_base = Fraction(1, fps)
        stream.options = options or {}
        picture = np.full((height, width, 3), colour, np.uint8)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path):
    """Write half a second of silence to `path` and return `path`."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=8000, layout='mono')
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), 's16', 'mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
