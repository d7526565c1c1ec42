"""The delay before a source on this machine or network is opened again."""

FIRST, LONGEST = 0.5, 1.5
"""
Seconds before the first further attempt and between all later ones; they double from one to the
other. Within 2 s of a source's return there are pictures again.
"""


class RetryDelay:
    """Count failed attempts to open a source."""

    def __init__(self) -> None:
        self._next = FIRST

    def reset(self) -> None:
        """Start again with the shortest delay: the source was open."""
        self._next = FIRST

    def next(self) -> float:
        """Return the seconds to wait before the next attempt, and count it."""
        delay, self._next = self._next, min(2 * self._next, LONGEST)
        return delay
