"""Capture times as Unix time, and the pace of sources that could deliver at any speed."""

import time

MAXIMUM_AGE_NS = 2_000_000_000
MAXIMUM_AHEAD_NS = 50_000_000
LARGEST_CORRECTION_NS = 500_000_000
DRIFT_PER_S = 0.0005
'How far two clocks may drift apart: 500 ppm, more than any crystal.'

STEP = 0.1
'Seconds that a pace waits in one go, so that closing its source need not wait longer.'


def from_driver(timestamp_ns: int | None, unix_ns: int, monotonic_ns: int) -> int:
    """
    Return the Unix time of a driver's `timestamp_ns`; the others are both clocks, read just now.

    Linux drivers stamp with the monotonic clock (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), a few with
    Unix time. A stamp that is neither, because too old or in the future, is not believed: then
    the answer is `unix_ns`.
    """
    for now in (monotonic_ns, unix_ns):
        age = now - timestamp_ns if timestamp_ns is not None else MAXIMUM_AGE_NS
        if -MAXIMUM_AHEAD_NS < age < MAXIMUM_AGE_NS:
            return unix_ns - max(0, age)
    return unix_ns


class ArrivalClock:
    """
    Times the packets of a live stream, whose own clock counts from somewhere.

    The packet that was least delayed tells how the two clocks relate, so network jitter does not
    get into the capture time. What the way through camera and network takes at least can't be
    seen from here and stays in.
    """

    def __init__(self) -> None:
        self._offset_ns: float | None = None
        self._last_arrival_ns = 0

    def capture_ns(self, pts_ns: int | None, arrival_ns: int) -> int:
        """Return the capture time of a packet stamped `pts_ns` that came at `arrival_ns`."""
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
    Makes capture times rise strictly through the small corrections of a wall clock.

    When it is set back a little, time goes on at half speed until the clock has caught up, so
    that frames keep sane distances. A step over `LARGEST_CORRECTION_NS` is followed: to tell the
    old time for hours would be worse.
    """

    def __init__(self) -> None:
        self._last_ns = 0
        self._last_monotonic_ns = 0

    def after(self, capture_ns: int, monotonic_ns: int | None = None) -> int:
        """Return `capture_ns`, or a later time if it is a little before the last one returned."""
        now = time.monotonic_ns() if monotonic_ns is None else monotonic_ns
        if self._last_ns - LARGEST_CORRECTION_NS < capture_ns <= self._last_ns:
            capture_ns = self._last_ns + max(1, (now - self._last_monotonic_ns) // 2)
        self._last_ns = capture_ns
        self._last_monotonic_ns = now
        return capture_ns


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
