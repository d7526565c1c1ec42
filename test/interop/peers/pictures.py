"""The reports of peers in Python about the pictures that they got."""

import json
import time

import numpy as np


def report(word, value=None):
    """Print a line for the test."""
    print(word, json.dumps(value), flush=True)


def colours(picture):
    """Return the size of a picture, and red, green and blue in the middles of eight columns."""
    pixels = picture.to_ndarray(format='rgb24')
    return {'width': picture.width, 'height': picture.height, 'colours': sampled(pixels)}


def sampled(pixels: np.ndarray) -> list[list[int]]:
    height, width, _ = pixels.shape
    return [pixels[height // 4, width * (2 * index + 1) // 16].tolist() for index in range(8)]


class Seen:
    """The pictures of one session; the first is reported at once, then one twice a second."""

    def __init__(self):
        self._asked = time.monotonic()
        self._frames = 0
        self._next = 0.0

    def add(self, read, count_bytes=lambda: 0):
        """Note one more picture; `read` returns its size and colours."""
        self._frames += 1
        at = time.monotonic() - self._asked
        if at >= self._next:
            self._next = at + 0.5
            bytes_ = {'bytes': count_bytes()}
            report('seen', {'at': round(at, 3), 'frames': self._frames, **bytes_, **read()})
