"""Write video files for the tests of sources."""

import struct
from fractions import Fraction

import av
import numpy as np

RED = (255, 0, 0)


def write_video(
    path,
    codec='libx264',
    size=(64, 48),
    frames=10,
    fps=20,
    colour=RED,
    options=None,
    container_options=None,
    pts=lambda index: index,
):
    """
    Write `frames` pictures of one colour to `path` and return `path`.

    `pts` gives each picture its time in units of 1 / `fps`.
    """
    width, height = size
    pix_fmt = {'mjpeg': 'yuvj420p', 'png': 'rgb24'}.get(codec, 'yuv420p')
    with av.open(str(path), 'w', options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.time_base = Fraction(1, fps)
        stream.options = options or {}
        picture = np.full((height, width, 3), colour, np.uint8)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts, frame.time_base = pts(index), Fraction(1, fps)
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


def write_song(path):
    """Write a sound with the picture of its cover to `path` (.mp3) and return `path`."""
    cover = (
        b'\0image/jpeg\0\3\0'
        + write_video(path.with_suffix('.jpg'), 'mjpeg', frames=1).read_bytes()
    )
    frame = b'APIC' + struct.pack('>I', len(cover)) + b'\0\0' + cover
    length = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libmp3lame', rate=44100, layout='mono')
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), 's16p', 'mono')
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    # ID3v2.3, section 4.15.
    path.write_bytes(b'ID3\3\0\0' + length + frame + path.read_bytes())
    return path
