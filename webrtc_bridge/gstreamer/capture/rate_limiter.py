"""Leave pictures out where an encoder cannot encode all of them in time."""

import logging
import time

from webrtc_bridge.media.load.encoder_load import RATES, EncoderLoad

logger = logging.getLogger(__name__)


class RateLimiter:
    """
    Measure the time that the encoder `name` takes for a picture; `interval` is how many are one.

    For one thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._load = EncoderLoad(RATES)
        self._began = 0.0
        self._warned = False

    @property
    def interval(self) -> int:
        """One of how many pictures is to be encoded."""
        return self._load.step.interval

    def begin(self) -> None:
        """Note that the encoder gets a picture now."""
        self._began = time.monotonic()

    def end(self) -> bool:
        """Note that it has encoded that picture; return whether `interval` changed."""
        now = time.monotonic()
        changed = self._load.note(now - self._began, now)
        if changed:
            level = logging.DEBUG if self._warned else logging.WARNING
            self._warned = True
            text = '%s takes this machine too long: sending one of %d pictures until there is room'
            logger.log(level, text, self._name, self.interval)
        return changed
