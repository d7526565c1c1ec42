"""
Choose the pictures of the small layer, and their size.

For both engines, so without PyAV, which the GStreamer sender does not need.
"""

import math

SMALLEST = 32
'Pixels across or down below which a picture is not halved: there is nothing to gain.'

FEWEST_BITS = 0.03
'Bits per pixel below which fewer pictures look better than worse ones.'

LONGEST_INTERVAL = 6
'At least every sixth picture is sent: 5 of 30 a second.'

ENOUGH = 1.3
'Multiple of `FEWEST_BITS` that there must be before more pictures are sent again.'


class FrameDecimator:
    """
    Choose the pictures to encode: all if `value` is 1, every second one if it is 2.

    `fps` is the rate at which they come, and may change. For one thread.
    """

    def __init__(self, fps: float) -> None:
        self.value = 1
        self.fps = fps
        self._count = 0

    def is_due(self) -> bool:
        """Count a picture; return whether it is to be encoded."""
        self._count += 1
        return self._count >= self.value

    def restart(self) -> None:
        """Count from this picture on, which is encoded."""
        self._count = 0

    def configure(self, width: int, height: int, bitrate: int) -> None:
        """Adapt `value` to pictures of this size (pixels) and `bitrate` (bit/s)."""
        wanted = picture_interval(width, height, self.fps, bitrate)
        enough = picture_interval(width, height, ENOUGH * self.fps, bitrate)
        self.value = min(max(self.value, wanted), max(wanted, enough))


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return half of the size, in even numbers; the size itself if that is below `SMALLEST`."""
    half = width // 2 & ~1, height // 2 & ~1
    return half if min(half) >= SMALLEST else (width, height)


def picture_interval(width: int, height: int, fps: float, bitrate: int) -> int:
    """Return n, where one of n pictures is encoded: 1 for all, 2 for every second one."""
    if not bitrate:
        return 1
    wanted = math.ceil(FEWEST_BITS * width * height * fps / bitrate)
    return max(1, min(wanted, LONGEST_INTERVAL))
