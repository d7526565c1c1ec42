"""How large the pictures of the small layer are, and how many. No I/O, no clock."""

import math

SMALLEST = 32
'Pixels across or down that a picture keeps; there is nothing to gain below.'

FEWEST_BITS = 0.03
'Bits for each pixel below which fewer pictures show more than worse ones.'

LONGEST_INTERVAL = 6
'At least every sixth picture is sent, which is 5 of 30 a second.'

ENOUGH = 1.3
'How many times the fewest bits there must be for more pictures again.'


class FrameDecimator:
    """
    Says which pictures are encoded: `value` is 1 for each of them, 2 for every other.

    `fps` is the rate at which they come. For one thread.
    """

    def __init__(self, fps: float) -> None:
        self.value = 1
        self._fps = fps
        self._count = 0

    def is_due(self) -> bool:
        """Say whether the picture that is here now is to be encoded."""
        self._count += 1
        return self._count >= self.value

    def begin_anew(self) -> None:
        """Count from a picture that is encoded."""
        self._count = 0

    def follow(self, width: int, height: int, bitrate: int) -> None:
        """Set the interval for pictures of this size (pixels) and `bitrate` (bit/s)."""
        wanted = picture_interval(width, height, self._fps, bitrate)
        enough = picture_interval(width, height, ENOUGH * self._fps, bitrate)
        self.value = min(max(self.value, wanted), max(wanted, enough))


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return half of the size, even, but not less than `SMALLEST`."""
    half = width // 2 & ~1, height // 2 & ~1
    return half if min(half) >= SMALLEST else (width, height)


def picture_interval(width: int, height: int, fps: float, bitrate: int) -> int:
    """Return which picture is the next to be encoded: 1 for each of them, 2 for every other."""
    if not bitrate:
        return 1
    wanted = math.ceil(FEWEST_BITS * width * height * fps / bitrate)
    return max(1, min(wanted, LONGEST_INTERVAL))
