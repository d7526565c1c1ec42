"""Delays before a client tries to connect again."""

import random
from collections.abc import Callable

DELAYS = (0.3, 1.0, 2.0, 2.5)
"""
Seconds before each attempt but the first; the last one repeats, so that all clients are back 3 s
after their server.
"""

SCATTER = 0.5
'Seconds over which clients that lost their connection at the same moment come back.'


class Backoff:
    """
    Count failed attempts, and choose the delay before the next.

    The first attempt of all is at once, the first after a loss within `SCATTER`, and each further
    delay is cut by up to half, so that the clients of a restarted server do not come all at once;
    `spread` returns a number from 0 to 1.
    """

    def __init__(self, spread: Callable[[], float] = random.random) -> None:
        self._spread = spread
        self._scatter = 0.0
        self._attempts = 0

    def reset(self) -> None:
        """Start again at the shortest delay: a connection that worked is lost."""
        self._attempts = 0
        self._scatter = SCATTER

    def next_delay(self) -> float:
        """Return the seconds to wait before the next attempt, and count it."""
        attempt, self._attempts = self._attempts, self._attempts + 1
        if attempt == 0:
            return self._scatter * self._spread()
        delay = DELAYS[min(attempt, len(DELAYS)) - 1]
        return delay * (1.0 - 0.5 * self._spread())
