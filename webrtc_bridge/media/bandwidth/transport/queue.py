"""
The time that packets wait in a queue, and whether it is one.

A delay that is longer than the shortest one is either a queue or a path that became longer. Where
less is sent, a queue becomes shorter.
"""

from collections.abc import Sequence

from webrtc_bridge.media.bandwidth.transport.bursts import Burst

MEMORY = 15.0
"""
Seconds after which the shortest delay may be forgotten, twice that after which it is: clocks drift
apart, by 50 µs in a second.
"""

RECENT, FEWEST = 0.5, 3
'Seconds and bursts in which every burst waits, if the queue does not come and go.'

STANDING = 0.05
'Seconds in a queue, all the time, that are too many.'


class Queue:
    """The queue on one path, in seconds. Reads no clock."""

    def __init__(self) -> None:
        self._shortest = self._shortest_before = float('inf')
        self._since = float('-inf')

    @property
    def shortest(self) -> float:
        """The delay of the path alone."""
        return min(self._shortest, self._shortest_before)

    def note(self, bursts: Sequence[Burst]) -> None:
        """Take the delays of new bursts."""
        for burst in bursts:
            if burst.sent - self._since >= MEMORY:
                self._shortest_before, self._shortest = self._shortest, float('inf')
                self._since = burst.sent
            self._shortest = min(self._shortest, burst.delay)

    def standing(self, bursts: Sequence[Burst]) -> float:
        """Return the shortest wait of the newest `bursts`; 0 if there are too few."""
        recent = [burst for burst in bursts if bursts[-1].sent - burst.sent <= RECENT]
        if len(recent) < FEWEST or bursts[-1].sent - bursts[0].sent < RECENT:
            return 0.0
        return self.of(min(burst.delay for burst in recent))

    def of(self, delay: float) -> float:
        """Return how much longer than the path `delay` is."""
        return delay - self.shortest

    def take_as_path(self, bursts: Sequence[Burst]) -> None:
        """Take the delay of the newest of `bursts`, which nothing shortens, as that of a path."""
        self._shortest = min(burst.delay for burst in bursts[-FEWEST:])
        self._shortest_before = float('inf')
