"""Capture times as Unix time, and the pace of sources that could deliver at any speed."""

import time

MAXIMUM_AGE_NS = 2_000_000_000
MAXIMUM_AHEAD_NS = 50_000_000
LARGEST_CORRECTION_NS = 500_000_000
DRIFT_PER_S = 0.0005
'Drift between two clocks: 500 ppm, more than that of any crystal.'

STEP = 0.1
'Longest time, in seconds, that a pace waits at once, so that its source closes as soon.'


def from_driver(timestamp_ns: int | None, unix_ns: int, monotonic_ns: int) -> int:
    """
    Return the Unix time of a driver's `timestamp_ns`; the others are the two clocks, just read.

    Most Linux drivers stamp with the monotonic clock (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), a few
    with Unix time. A stamp that fits neither, because it is too old or in the future, is ignored,
    and the result is `unix_ns`.
    """
    for now in (monotonic_ns, unix_ns):
        age = now - timestamp_ns if timestamp_ns is not None else MAXIMUM_AGE_NS
        if -MAXIMUM_AHEAD_NS < age < MAXIMUM_AGE_NS:
            return unix_ns - max(0, age)
    return unix_ns


class ArrivalClock:
    """
    Map the clock of a live stream, whose zero is unknown, to Unix time.

    The packet with the least delay relates the two clocks, which keeps network jitter out of the
    capture time. The shortest delay through camera and network cannot be measured at this end, and
    stays in it.
    """

    def __init__(self) -> None:
        self._offset_ns: float | None = None
        self._last_arrival_ns = 0

    def capture_ns(self, pts_ns: int | None, arrival_ns: int) -> int:
        """Return the capture time of a packet stamped `pts_ns` that arrived at `arrival_ns`."""
        if pts_ns is None:
            return arrival_ns
        offset = arrival_ns - pts_ns
        elapsed = arrival_ns - self._last_arrival_ns
        self._last_arrival_ns = arrival_ns
        if self._offset_ns is None or abs(offset - self._offset_ns) > MAXIMUM_AGE_NS:
            self._offset_ns = offset
        else:
            self._offset_ns = min(offset, self._offset_ns + DRIFT_PER_S * max(0, elapsed))
        return pts_ns + round(self._offset_ns)


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
