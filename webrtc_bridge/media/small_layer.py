"""The smaller pictures for viewers whose link does not carry the full ones."""

import math

import av
from av.video.reformatter import Interpolation, VideoReformatter

from webrtc_bridge.media.captured_frame import CapturedFrame

SMALLEST = 32
'Pixels across or down that a picture keeps; there is nothing to gain below.'

FEWEST_BITS = 0.03
'Bits for each pixel below which fewer pictures show more than worse ones.'

LONGEST_INTERVAL = 6
'At least every sixth picture is sent, which is 5 of 30 a second.'

ENOUGH = 1.3
'How many times the fewest bits there must be for more pictures again.'


class SmallLayer:
    """
    Makes the small layer of a stream of pictures: half as wide and high. For one thread.

    `fps` is its rate, which is lower where there are too few bits for all pictures.
    """

    def __init__(self, fps: float) -> None:
        self.fps = self._full_fps = fps
        self._interval = 1
        self._reformatter = VideoReformatter()
        self._count = 0

    def take(self, frame: CapturedFrame, bitrate: int, keyframe: bool) -> CapturedFrame | None:
        """Return `frame` made small; None where `bitrate` is too low for so many pictures."""
        width, height = small_size(frame.picture.width, frame.picture.height)
        self._count += 1
        if self._count < self._interval and not keyframe:
            return None
        self._follow(width, height, bitrate)
        self._count = 0
        picture = self._scaled(frame.picture, width, height)
        return CapturedFrame(picture, frame.capture_ns, frame.passed_as)

    def _follow(self, width: int, height: int, bitrate: int) -> None:
        wanted = picture_interval(width, height, self._full_fps, bitrate)
        enough = picture_interval(width, height, ENOUGH * self._full_fps, bitrate)
        self._interval = min(max(self._interval, wanted), max(wanted, enough))
        self.fps = self._full_fps / self._interval

    def _scaled(self, picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        return self._reformatter.reformat(
            picture, width, height, 'yuv420p', interpolation=Interpolation.FAST_BILINEAR
        )


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
