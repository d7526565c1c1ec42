"""Capture times that rise, and the pace of sources that could deliver at any speed."""

import time

LARGEST_CORRECTION_NS = 500_000_000
STEP = 0.1
'Longest time, in seconds, that a pace waits at once, so that its source closes as soon.'

HIGHEST_RATE = 300.0
"""
Pictures a second above which a declared rate is not believed: some H.264 cameras declare the clock
of their RTP packets, 90 kHz (in the VUI of ITU-T H.264, E.2.1), and no encoder takes that.
"""

SHORTEST_JUMP = 1.0
LONGEST_INTERVAL = 10.0
'Bounds, in seconds, of the time between two pictures of a file that is taken for a jump.'


LOOK, LOOKS = 0.3, 4
'Seconds over which the speed of a stream is looked at, and how often until it is a file.'

LIVE_SPEED = 1.5
'Seconds of video in a second beyond which a stream is not live.'

LONGEST_BURST = 20.0
'Seconds of video that a live stream may begin with; what servers keep has fewer.'


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


class StreamSpeed:
    """
    Tell a live stream from a file that comes as fast as it can. Reads no clock.

    A live stream may begin with a burst, of all since its last keyframe, but is then as fast as
    time: in one of the first `LOOKS` it is, and its burst is no longer than `LONGEST_BURST`.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._newest = 0.0
        self._look: tuple[float, float] | None = None
        self._looks = 0

    def add(self, seconds: float, now: float) -> bool | None:
        """
        Take the timestamp of a picture that arrives at `now`, both in seconds.

        Return whether the stream is live; None while that is unknown.
        """
        if self._first is None or self._look is None:
            self._first, self._newest, self._look = seconds, seconds, (seconds, now)
            return None
        self._newest = max(self._newest, seconds)
        if self._newest - self._first > LONGEST_BURST:
            return False
        start, since = self._look
        if now - since < LOOK:
            return None
        if self._newest - start <= LIVE_SPEED * (now - since):
            return True
        self._look = self._newest, now
        self._looks += 1
        return False if self._looks == LOOKS else None


class PlayTime:
    """
    Lay the pictures of a file out on one rising time line, over all its loops.

    `interval` is the expected time between two pictures, in seconds. Where timestamps jump (two
    recordings joined, a recorder that was switched off) the next picture follows as any other.
    """

    def __init__(self, interval: float) -> None:
        self._interval = min(interval, SHORTEST_JUMP)
        self._step = interval
        self._position = -self._interval
        self._seconds: float | None = None
        self.shift = 0.0
        'The difference between positions and timestamps, in seconds.'
        self.jump = 0.0
        'The first jump of the timestamps, in seconds; 0.0 before there is one.'

    def start_over(self) -> None:
        """Take the next picture for the first one of another loop."""
        self._seconds = None

    def position(self, seconds: float | None) -> float:
        """Return the position, in seconds, of the next picture, whose timestamp is `seconds`."""
        if seconds is None:
            # Taken to have been at its place.
            self._seconds = None if self._seconds is None else self._seconds + self._interval
            return self._follow(None)
        if self._is_joined(seconds):
            self.shift = self._position + self._interval - seconds
        self._seconds = seconds
        return self._follow(seconds + self.shift)

    def _follow(self, position: float | None) -> float:
        """Go on to `position` if it is later than the last one, else to the next in line."""
        if position is None or position <= self._position:
            position = self._position + self._interval
        self._position = position
        return position

    def _is_joined(self, seconds: float) -> bool:
        """Return whether `seconds` tells nothing about the time since the last picture."""
        if self._seconds is None:
            return True
        step = seconds - self._seconds
        # Slides that are far apart look like a jump once, before the second of them.
        longest = min(max(SHORTEST_JUMP, 3 * self._step), LONGEST_INTERVAL)
        self._step = max(0.0, step)
        if step > longest or step < -SHORTEST_JUMP:
            self.jump = self.jump or step
            return True
        if step > 0:
            self._interval = step
        return False
