"""Capture times as Unix time, from the clocks of drivers and of live streams."""

import itertools
from collections import deque
from typing import Protocol

from webrtc_bridge.media.wall_clock import Now

MAXIMUM_AGE_NS = 2_000_000_000
MAXIMUM_AHEAD_NS = 50_000_000

WINDOW_NS = 500_000_000
HISTORY = 20
'Windows over which the least delay of a stream is looked for: 10 s.'

RECENT = 4
'The last of these windows: 2 s.'

RISE_NS = 10_000_000
"""
Rise of the least delay from window to window that shows, `RECENT` times in a row, that a stream's
clock runs at a wrong rate: by more than 2 %. Network and load make it rise and fall.
"""

DISAGREEMENT_NS = 100_000_000
'Rise within `HISTORY` that shows the same, if it is that of all `RECENT` windows.'


class SourceClock(Protocol):
    """The clock by which a live source stamps its packets, for one thread."""

    def arrived(self, pts_ns: int | None, now: Now) -> None:
        """Take note of a packet of the time `pts_ns`, if known, that just arrived."""

    def capture_ns(self, pts_ns: int | None, now: Now) -> int:
        """Return the Unix time of a picture of the time `pts_ns`, made of what arrived last."""


class DriverClock:
    """The clock of a camera's driver."""

    def arrived(self, pts_ns: int | None, now: Now) -> None:
        """Do nothing: each stamp is judged by itself."""

    def capture_ns(self, pts_ns: int | None, now: Now) -> int:
        """
        Return the Unix time of a driver's `pts_ns`.

        Most Linux drivers stamp with the monotonic clock (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), a
        few with Unix time. A stamp that fits neither, because it is too old or in the future, is
        ignored, and the result is the present time.
        """
        for clock_ns in (now.monotonic_ns, now.unix_ns):
            age = clock_ns - pts_ns if pts_ns is not None else MAXIMUM_AGE_NS
            if -MAXIMUM_AHEAD_NS < age < MAXIMUM_AGE_NS:
                return now.unix_ns - max(0, age)
        return now.unix_ns


class ArrivalClock:
    """
    Map the clock of a live stream, whose zero is unknown, to Unix time.

    The packet with the least delay relates the two clocks, which keeps network jitter out of the
    capture time. The shortest delay through camera and network cannot be measured at this end, and
    stays in it.

    Timestamps are believed only while they keep pace with this machine's monotonic clock, which
    unlike Unix time is never set. Some cameras send the same one forever, or count pictures at a
    rate that they don't have; then the time of arrival counts, as it does for all packets if the
    stream is not `stamped`.
    """

    def __init__(self, *, stamped: bool = True) -> None:
        self._stamped = stamped
        self._in_step = True
        self._repeated = False
        self._last_pts_ns: int | None = None
        # The least difference between arrival and pts in each window; the last still goes on.
        self._least_ns: deque[int] = deque(maxlen=HISTORY)
        self._window_end_ns = 0

    def arrived(self, pts_ns: int | None, now: Now) -> None:
        """Take note of a packet."""
        self._repeated = pts_ns == self._last_pts_ns
        self._last_pts_ns = pts_ns
        if pts_ns is None or self._repeated:
            return
        offset_ns = now.monotonic_ns - pts_ns
        if self._least_ns and abs(offset_ns - self._least_ns[-1]) > MAXIMUM_AGE_NS:
            self._least_ns.clear()
        if self._least_ns and now.monotonic_ns < self._window_end_ns:
            self._least_ns[-1] = min(self._least_ns[-1], offset_ns)
        else:
            self._judge()
            self._least_ns.append(offset_ns)
            self._window_end_ns = now.monotonic_ns + WINDOW_NS

    def _judge(self) -> None:
        recent = list(self._least_ns)[-RECENT:]
        if len(recent) == RECENT:
            rises = all(b - a > RISE_NS for a, b in itertools.pairwise(recent))
            rise = min(recent) - min(self._least_ns)
            self._in_step = not rises and rise <= DISAGREEMENT_NS

    def capture_ns(self, pts_ns: int | None, now: Now) -> int:
        """Return the capture time of a picture; the time of arrival if nothing better is known."""
        believed = self._stamped and self._in_step and not self._repeated
        if pts_ns is None or not believed or not self._least_ns:
            return now.unix_ns
        age = now.monotonic_ns - pts_ns - min(self._least_ns)
        return now.unix_ns - age if 0 < age < MAXIMUM_AGE_NS else now.unix_ns
