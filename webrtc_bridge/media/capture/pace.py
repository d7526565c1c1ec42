"""Hold a source that could deliver at any speed to real time."""

import time

STEP = 0.1
"""Longest wait in one go, so that whoever closes the source need not wait longer."""


class Pace:
    """
    Waits for moments of a source's own time line; one thread alone calls it.

    A source that lags by more than `tolerance` seconds gets its time line moved, instead of
    catching up in a burst.
    """

    def __init__(self, tolerance: float = 0.25) -> None:
        self._tolerance = tolerance
        self._origin: float | None = None

    def wait(self, position: float) -> bool:
        """
        Wait until `position` seconds after the start of the time line, at most for `STEP`.

        Returns whether the moment has come. Waits for absolute moments, so errors don't add up.
        """
        now = time.monotonic()
        if self._origin is None or now - (self._origin + position) > self._tolerance:
            self._origin = now - position
        remaining = self._origin + position - now
        if remaining > 0:
            time.sleep(min(remaining, STEP))
        return remaining <= STEP
