"""Capture times that rise, and the pace of sources that could deliver at any speed."""

import time

LARGEST_CORRECTION_NS = 500_000_000
STEP = 0.1
'Longest time, in seconds, that a pace waits at once, so that its source closes as soon.'


class RisingTime:
    """
    Keep capture times rising strictly while the wall clock is corrected.

    When it is set back a little, time goes on at half speed until the clock has caught up, so that
    the intervals between frames stay plausible. A step of more than `LARGEST_CORRECTION_NS` is
    followed: a wrong time for hours would be worse.
    """

    def __init__(self) -> None:
        self._last_ns = 0
        self._last_monotonic_ns = 0

    def after(self, capture_ns: int, monotonic_ns: int | None = None) -> int:
        """Return `capture_ns`, or a later time if it is shortly before the last one returned."""
        now = time.monotonic_ns() if monotonic_ns is None else monotonic_ns
        if self._last_ns - LARGEST_CORRECTION_NS < capture_ns <= self._last_ns:
            capture_ns = self._last_ns + max(1, (now - self._last_monotonic_ns) // 2)
        self._last_ns = capture_ns
        self._last_monotonic_ns = now
        return capture_ns


class Pace:
    """
    Hold a source to real time. For one thread.

    If the source lags by more than `tolerance` seconds, its time line is moved; it does not catch
    up in a burst.
    """

    def __init__(self, tolerance: float = 0.25) -> None:
        self._tolerance = tolerance
        self._origin: float | None = None

    def wait(self, position: float) -> bool:
        """
        Wait until `position` seconds after the start of the time line, but at most for `STEP`.

        Return whether that time has come. Times are absolute, so errors do not add up.
        """
        now = time.monotonic()
        if self._origin is None or now - (self._origin + position) > self._tolerance:
            self._origin = now - position
        remaining = self._origin + position - now
        if remaining > 0:
            time.sleep(min(remaining, STEP))
        return remaining <= STEP
