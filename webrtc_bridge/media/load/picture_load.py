"""
Decide on the size and number of pictures that a machine can encode in time, and report it.

For both engines, so without PyAV, which the GStreamer sender does not need.
"""

import logging
from collections.abc import Sequence

from webrtc_bridge.media.load.encoder_load import SIZES_THEN_RATES, EncoderLoad, Step

SMALLEST = 120
'Pixels across or down that a picture is not made smaller than.'

logger = logging.getLogger(__name__)


class PictureLoad:
    """Let pictures become smaller, then fewer, while encoding takes too long. For one thread."""

    def __init__(self, steps: Sequence[Step] = SIZES_THEN_RATES) -> None:
        self._load = EncoderLoad(steps)
        self._warned = False

    @property
    def interval(self) -> int:
        """One of how many pictures is encoded."""
        return self._load.step.interval

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size at which pictures of this size are encoded."""
        scale = max(self._load.step.scale, SMALLEST / min(width, height))
        if scale >= 1:
            return width, height
        return 2 * int(scale * width / 2), 2 * int(scale * height / 2)

    def note(self, size: tuple[int, int], seconds: float, now: float) -> bool:
        """
        Note that encoding what was left of a picture of `size` took `seconds` until `now`.

        Return whether the decision changed.
        """
        changed = self._load.note(seconds, now)
        if changed:
            self._log(size)
        return changed

    def _log(self, size: tuple[int, int]) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        rate = f', one of {self.interval} pictures' if self.interval > 1 else ''
        logger.log(
            level,
            'encoding %dx%d takes this machine too long: sending %dx%d%s until there is room',
            *(*size, *self.size(*size), rate),
        )
