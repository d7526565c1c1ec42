"""Reduce the pictures to what this machine can encode in time."""

from dataclasses import replace

from av.video.reformatter import Interpolation, VideoReformatter

from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.load.picture_load import PictureLoad


class LoadLimiter:
    """Make pictures smaller, then fewer, while encoding them takes too long. For one thread."""

    def __init__(self) -> None:
        self._load = PictureLoad()
        self._reformatter = VideoReformatter()
        self._left_out = 0

    @property
    def interval(self) -> int:
        """One of how many pictures is encoded."""
        return self._load.interval

    def size(self, frame: CapturedFrame) -> tuple[int, int]:
        """Return the size at which `frame` is encoded."""
        return self._load.size(frame.picture.width, frame.picture.height)

    def take(self, frame: CapturedFrame, needed: bool) -> CapturedFrame | None:
        """Return what to encode of `frame`; None for nothing, unless it is `needed`."""
        self._left_out += 1
        if self._left_out < self.interval and not needed:
            return None
        self._left_out = 0
        width, height = self.size(frame)
        if (width, height) == (frame.picture.width, frame.picture.height):
            return frame
        picture = self._reformatter.reformat(
            frame.picture, width, height, 'yuv420p', interpolation=Interpolation.FAST_BILINEAR
        )
        return replace(frame, picture=picture)

    def note(self, frame: CapturedFrame, seconds: float, now: float) -> None:
        """Note that encoding what was left of `frame` took `seconds` until `now`."""
        self._load.note((frame.picture.width, frame.picture.height), seconds, now)
