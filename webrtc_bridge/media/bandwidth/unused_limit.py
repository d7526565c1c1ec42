"""Forget a limit that is not used: a still picture says nothing about the link."""

USED = 0.6
'Fraction of the rate that must be sent for a lack of complaints to mean that the link carries it.'

FIRST_PATIENCE = 20.0
'Seconds without complaints and without use of the rate after which the limit is forgotten.'

LONGEST_PATIENCE = 320.0
'The same, after limits that were forgotten too early; it doubles from the one to the other.'

TRIAL = 30.0
'Seconds after a limit was forgotten in which a new one shows that this was too early.'


class UnusedLimit:
    """The use that a limit has. Reads no clock: times are in seconds."""

    def __init__(self) -> None:
        self._used_at = self._forgotten_at = float('-inf')
        self._patience = FIRST_PATIENCE

    def begin(self, now: float) -> None:
        """Note that at `now` there is a limit, and was none before."""
        longer = min(2 * self._patience, LONGEST_PATIENCE)
        self._patience = longer if now - self._forgotten_at < TRIAL else FIRST_PATIENCE
        self.use(now)

    def use(self, now: float) -> None:
        """Note that the limit matters at `now`."""
        self._used_at = now

    def forget_if_unused(self, now: float) -> bool:
        """Forget the limit if it has been unused for too long at `now`; return whether it was."""
        if now - self._used_at < self._patience:
            return False
        self._forgotten_at = now
        return True
