"""Reduce the pictures to what this machine can encode in time."""

import logging
from dataclasses import replace

from av.video.reformatter import Interpolation, VideoReformatter

from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.load.encoder_load import SIZES_THEN_RATES, EncoderLoad

SMALLEST = 120
'Pixels across or down below which a picture is not made smaller.'

logger = logging.getLogger(__name__)


class LoadLimiter:
    """Make pictures smaller, then fewer, while encoding them takes too long. For one thread."""

    def __init__(self) -> None:
        self._load = EncoderLoad(SIZES_THEN_RATES)
        self._reformatter = VideoReformatter()
        self._left_out = 0
        self._warned = False

    @property
    def interval(self) -> int:
        """One of how many pictures is encoded."""
        return self._load.step.interval

    def size(self, frame: CapturedFrame) -> tuple[int, int]:
        """Return the size at which `frame` is encoded."""
        size, scale = (frame.picture.width, frame.picture.height), self._load.step.scale
        if scale * min(size) < SMALLEST or scale == 1:
            return size
        width, height = (2 * int(scale * side / 2) for side in size)
        return width, height

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
        if self._load.note(seconds, now):
            self._log(frame)

    def _log(self, frame: CapturedFrame) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        rate = f', one of {self.interval} pictures' if self.interval > 1 else ''
        logger.log(
            level,
            'encoding %dx%d takes this machine too long: sending %dx%d%s until there is room',
            *(frame.picture.width, frame.picture.height, *self.size(frame), rate),
        )
