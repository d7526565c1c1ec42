"""Measure the queue in a link by the round-trip times that a viewer reports."""

from collections import deque

SHORTEST_WINDOW = 30.0
'Seconds after which the shortest round trip is measured again: the path may have become longer.'

LIKELY_SHORTEST = 0.15
"""
Seconds that the shortest round trip is taken for at most while packets are lost: the link may have
been full from the first packet on, so that no round trip was ever seen without a queue.
"""

FAR_TOO_LONG = 0.2
'Seconds in the queue that are too many even in a single report.'

AS_LONG = 0.05
'Seconds by which two round trips of a path differ at most.'

GROWTH_WINDOW = 0.7
'Shortest time, in seconds, between two reports that the growth of a queue is measured over.'


LONGEST = 60.0
'Seconds beyond which a clock was set, or somebody made it up.'


def measured(seconds: float) -> float | None:
    """Return `seconds` as a round trip; None if nothing takes so long, or as little as that."""
    return seconds if 0.0 < seconds < LONGEST else None


class RoundTrip:
    """The round trips of one viewer, in seconds. Reads no clock."""

    def __init__(self) -> None:
        self.newest = 0.0
        self.growth = 0.0  # seconds by which the queue grows in a second
        self._noted_at = float('-inf')
        self._recent: deque[float] = deque(maxlen=2)
        self._shortest = self._shortest_before = float('inf')
        self._shortest_since = float('-inf')
        self._at_restart = self._pause = 0.0
        self._likely_shortest = LIKELY_SHORTEST

    def note(self, round_trip: float, now: float) -> None:
        """Take the `round_trip` that was reported at `now`."""
        before, self.newest = self.newest, round_trip
        elapsed, self._noted_at = now - self._noted_at, now
        self.growth = max(0.0, round_trip - before) / max(elapsed, GROWTH_WINDOW)
        if now - self._shortest_since >= SHORTEST_WINDOW:
            self._shortest_before, self._shortest = self._shortest, float('inf')
            self._shortest_since = now
        self._shortest = min(self._shortest, round_trip)
        self._recent.append(round_trip)

    @property
    def is_known(self) -> bool:
        """Return whether a round trip was reported since the last `restart()`."""
        return bool(self._recent)

    @property
    def is_draining(self) -> bool:
        """Return whether the queue has become shorter since `restart()`, but may still be long."""
        return self._at_restart - FAR_TOO_LONG > self.newest > 2 * FAR_TOO_LONG

    def queue(self, loses_packets: bool, reports: int = 1) -> float:
        """Return the seconds that packets waited, at least, in each of the last `reports`."""
        if len(self._recent) < reports:
            return 0.0
        shortest = min(self._shortest, self._shortest_before)
        if loses_packets:
            shortest = min(shortest, self._likely_shortest)
        return min(list(self._recent)[-reports:]) - shortest

    def restart(self, pause: float) -> None:
        """Judge by later reports only, after a `pause`; the shortest round trip stays known."""
        self._at_restart, self._pause = self.newest, pause
        self._recent.clear()

    def settled(self, round_trip: float) -> bool:
        """
        Take the first round trip after a pause and what was still on its way.

        Return whether the path is so long, since nothing waited: it is as long as before, while a
        queue would have become shorter by the pause.
        """
        shorter = self._at_restart - round_trip
        is_path = self._pause > 0 and abs(shorter) < min(self._pause / 2, AS_LONG)
        if self._pause and shorter < self._pause / 2:
            self._likely_shortest = float('inf')
        self._pause = 0.0
        return is_path

    def take_as_path(self, round_trip: float) -> None:
        """Take `round_trip` as that of the path, without a queue."""
        self._shortest, self._shortest_before = round_trip, float('inf')
