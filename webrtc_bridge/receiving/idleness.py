"""When a receiver's video is worth nothing, because nobody wants it."""

IDLE_AFTER = 3.0
'Seconds without a consumer after which a sender is asked to send no video.'


class Idleness:
    """Decide when a receiver is idle; without I/O and clock."""

    def __init__(self) -> None:
        self._wanted_at: float | None = None

    def note(self, wanted: bool, now: float) -> bool:
        """Take whether the video is `wanted` at `now` (seconds); return whether to be idle."""
        if wanted or self._wanted_at is None:
            self._wanted_at = now
        return now - self._wanted_at >= IDLE_AFTER
