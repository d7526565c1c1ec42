"""How long a client waits before it tries again."""

import random
from collections.abc import Callable

DELAYS = (0.0, 0.3, 1.0, 2.0, 3.0)
'Seconds before each attempt; the last one repeats: so soon a server that is back is full again.'


class Backoff:
    """
    Count failed attempts, and say how long to wait before the next.

    Each delay is cut by up to half, so that the clients of a restarted server do not come all
    at once; `spread` returns a number from 0 to 1.
    """

    def __init__(self, spread: Callable[[], float] = random.random) -> None:
        self._spread = spread
        self._attempts = 0

    def reset(self) -> None:
        """Begin again at the shortest delay."""
        self._attempts = 0

    def next_delay(self) -> float:
        """Return the seconds to wait before the next attempt, and count it."""
        delay = DELAYS[min(self._attempts, len(DELAYS) - 1)]
        self._attempts += 1
        return delay * (1.0 - 0.5 * self._spread())
