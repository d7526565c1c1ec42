"""Turn pictures the way that their display matrix says, as phones write it."""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import av
import cv2
from av.sidedata.sidedata import Type

from webrtc_bridge.media.pixels.frame_pool import FramePool
from webrtc_bridge.media.pixels.planes import plane_pixels


class Turn(NamedTuple):
    """Rows become columns, then the picture is mirrored, left to right or upside down or both."""

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False


UPRIGHT = Turn()


def turn_of(picture: av.VideoFrame) -> Turn:
    """Return the turn that the display matrix of `picture` asks for, to the nearest quarter."""
    side_data: Any = picture.side_data  # 1.5 µs for a picture without
    matrix = side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return UPRIGHT
    # It maps x and y to a * x + c * y and b * x + d * y (ISO/IEC 14496-12, 8.5.2); native order.
    a, b, _, c, d = struct.unpack_from('=5i', bytes(matrix))
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(True, c < 0, b < 0)
    return Turn(False, a < 0, d < 0)


class Upright:
    """Turn pictures in yuv420p with even sides; for one thread."""

    def __init__(self) -> None:
        self._frames: FramePool | None = None

    def turned(self, picture: av.VideoFrame, turn: Turn) -> av.VideoFrame:
        """Return a new picture: `picture` after `turn`, without colours."""
        size = picture.width, picture.height
        if turn.transposed:
            size = picture.height, picture.width
        if self._frames is None or self._frames.size != size:
            self._frames = FramePool(*size)
        result = self._frames.take()
        for source, target in zip(picture.planes, result.planes, strict=True):
            plane_pixels(target)[:] = _turned(plane_pixels(source), turn)
        return result


def _turned(pixels: Any, turn: Turn) -> Any:
    transpose: Callable[..., Any] = cv2.transpose
    if turn.transposed:
        pixels = transpose(pixels)
    if turn.mirrored or turn.flipped:
        # Around the vertical axis 1, the horizontal one 0, both -1.
        axes = -1 if turn.mirrored and turn.flipped else int(turn.mirrored)
        pixels = cv2.flip(pixels, axes)
    return pixels
