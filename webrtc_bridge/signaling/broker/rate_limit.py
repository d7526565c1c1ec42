"""A token bucket; the time comes from the caller."""


class TokenBucket:
    """Allow `rate` events per second in the long run and `burst` at once."""

    __slots__ = ('_burst', '_filled_at', '_rate', 'tokens')

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._filled_at = now
        self.tokens = burst

    def take(self, now: float) -> bool:
        """Say whether one more event is allowed at `now` (seconds, never going back)."""
        filled = self.tokens + (now - self._filled_at) * self._rate
        self.tokens = min(self._burst, filled)
        self._filled_at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    @property
    def recovered(self) -> bool:
        """Whether half of the burst is there again."""
        return self.tokens * 2 >= self._burst
