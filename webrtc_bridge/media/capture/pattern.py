"""
A moving test picture with a clock for people and one for programs.

The layout is relative, so that it can be checked at any size and after any scaling:

    y 0.00 to 0.50   `BARS`: eight colour bars of equal width, white to black
    y 0.50 to 0.62   a white block that crosses a dark band from left to right every 4 s
    y 0.62 to 0.80   the time of day, HH:MM:SS.mmm (local time), white on black
    y 0.80 to 1.00   two rows of 32 cells, black 0 and white 1: the machine-readable clock

The cells hold 64 bits, most significant first, row by row: 52 bits of Unix time in microseconds,
then 12 bits of a check sum. `read_clock()` reads them from a received picture.
"""

import itertools
import time
import zlib
from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from webrtc_bridge.media.pixels.colours import SRGB_AS_BT601, declare
from webrtc_bridge.media.pixels.frame_pool import FramePool
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.pixels.raw_image import Pixels

BARS: dict[str, tuple[int, int, int]] = {
    'white': (255, 255, 255),
    'yellow': (255, 255, 0),
    'cyan': (0, 255, 255),
    'green': (0, 255, 0),
    'magenta': (255, 0, 255),
    'red': (255, 0, 0),
    'blue': (0, 0, 255),
    'black': (0, 0, 0),
}
'Names and (red, green, blue) of the colour bars, from left to right.'

BARS_END, BAND_END, TEXT_END = 0.50, 0.62, 0.80
CELL_ROWS, CELL_COLUMNS = 2, 32
BLACK, DARK, WHITE = 16, 48, 235
CROSSING_NS = 4_000_000_000
CHECK_BITS = 12


def bar_rectangle(name: str) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the bar `name`, as fractions of width and height."""
    index = list(BARS).index(name)
    return index / len(BARS), 0.0, (index + 1) / len(BARS), BARS_END


class Pattern:
    """
    Draw the picture at one size; `width` and `height` are even.

    Colours are BT.601 in the limited range, as the frames declare. Only the parts of the luma
    plane that change are drawn for each frame; the rest is copied.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._frames = FramePool(width, height)
        self._background = _background(width, height)
        self._glyphs = _glyphs(int(height * (TEXT_END - BAND_END) * 0.7), width // 14)
        self._cell_widths = np.diff(_edges(0, width, CELL_COLUMNS))
        self._cell_tops = _edges(int(height * TEXT_END), height, CELL_ROWS)

    def draw(self, capture_ns: int) -> av.VideoFrame:
        """Return a yuv420p frame that shows the Unix time `capture_ns`, truncated to whole µs."""
        frame = self._frames.take()
        declare(frame, SRGB_AS_BT601)
        for plane, pixels in zip(frame.planes, self._background, strict=True):
            plane_pixels(plane)[:] = pixels
        luma = plane_pixels(frame.planes[0])
        self._draw_block(luma, capture_ns)
        self._draw_text(luma, capture_ns)
        self._draw_cells(luma, capture_ns // 1000)
        return frame

    def _draw_block(self, luma: Pixels, capture_ns: int) -> None:
        top, bottom = int(self.height * BARS_END), int(self.height * BAND_END)
        size = max(2, self.width // 16)
        left = (self.width - size) * (capture_ns % CROSSING_NS) // CROSSING_NS
        luma[top:bottom, left : left + size] = WHITE

    def _draw_text(self, luma: Pixels, capture_ns: int) -> None:
        seconds, milliseconds = divmod(capture_ns // 1_000_000, 1000)
        text = time.strftime('%H:%M:%S', time.localtime(seconds)) + f'.{milliseconds:03}'
        height, width = self._glyphs['0'].shape
        top = int(self.height * (BAND_END + TEXT_END) / 2) - height // 2
        left = (self.width - width * len(text)) // 2
        for index, character in enumerate(text):
            x = left + index * width
            luma[top : top + height, x : x + width] = self._glyphs[character]

    def _draw_cells(self, luma: Pixels, microseconds: int) -> None:
        word = microseconds << CHECK_BITS | _check_sum(microseconds)
        bits = np.array([word >> (63 - n) & 1 for n in range(64)], np.uint8)
        levels = (BLACK + bits * (WHITE - BLACK)).astype(np.uint8)
        for row in range(CELL_ROWS):
            line = np.repeat(
                levels[row * CELL_COLUMNS : (row + 1) * CELL_COLUMNS], self._cell_widths
            )
            luma[self._cell_tops[row] : self._cell_tops[row + 1]] = line


def read_clock(luma: npt.NDArray[Any]) -> int | None:
    """
    Return the Unix time in nanoseconds that the cells of a received picture show.

    `luma` is its Y plane, or the picture in grey, of shape (height, width), at any scale. Return
    None if the cells are not clear, are smaller than 2 pixels, or fail their check sum.
    """
    height, width = luma.shape
    if width < 2 * CELL_COLUMNS or height < 20:
        return None
    tops = _edges(int(height * TEXT_END), height, CELL_ROWS)
    lefts = _edges(0, width, CELL_COLUMNS)
    word = 0
    for top, bottom in itertools.pairwise(tops):
        for left, right in itertools.pairwise(lefts):
            # The middle of a cell, because compression blurs its borders.
            dx, dy = (right - left) // 4, (bottom - top) // 4
            level = float(luma[top + dy : bottom - dy, left + dx : right - dx].mean())
            if 100 < level < 150:
                return None
            word = word << 1 | (level >= 150)
    microseconds, check = word >> CHECK_BITS, word & ((1 << CHECK_BITS) - 1)
    return microseconds * 1000 if check == _check_sum(microseconds) else None


def _check_sum(microseconds: int) -> int:
    # Inverted, so that a black picture does not verify.
    return ~zlib.crc32(microseconds.to_bytes(8, 'big')) & ((1 << CHECK_BITS) - 1)


def _edges(start: int, end: int, parts: int) -> list[int]:
    """Return the `parts` + 1 borders of equal parts from `start` to `end`, in whole pixels."""
    return [start + (end - start) * n // parts for n in range(parts + 1)]


def _background(width: int, height: int) -> list[Pixels]:
    """Return Y, U and V of everything that does not move."""
    y: Pixels = np.full((height, width), BLACK, np.uint8)
    u: Pixels = np.full((height // 2, width // 2), 128, np.uint8)
    v: Pixels = np.full((height // 2, width // 2), 128, np.uint8)
    bottom = int(height * BARS_END)
    edges = _edges(0, width, len(BARS))
    for left, right, colour in zip(edges[:-1], edges[1:], BARS.values(), strict=True):
        levels = _bt601(*colour)
        y[:bottom, left:right] = levels[0]
        for plane, level in ((u, levels[1]), (v, levels[2])):
            plane[: bottom // 2, left // 2 : right // 2] = level
    y[bottom : int(height * BAND_END)] = DARK
    return [y, u, v]


def _bt601(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """Return Y, Cb, Cr in the limited range (ITU-R BT.601, 2.5.3, with 8 bits)."""
    luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    cb = (blue / 255 - luma) / 1.772
    cr = (red / 255 - luma) / 1.402
    return round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr)


def _glyphs(height: int, width: int) -> dict[str, Pixels]:
    """Return pictures of the characters of the clock, drawn once to make frames cheap."""
    height, width = max(1, height), max(1, width)
    font: Callable[..., Any] = cv2.putText
    glyphs: dict[str, Pixels] = {}
    for character in '0123456789:.':
        glyph: Pixels = np.full((56, 36), BLACK, np.uint8)
        font(glyph, character, (3, 46), cv2.FONT_HERSHEY_DUPLEX, 1.6, WHITE, 3, cv2.LINE_AA)
        small = cv2.resize(glyph, (width, height), interpolation=cv2.INTER_AREA)
        glyphs[character] = small.astype(np.uint8)
    return glyphs
