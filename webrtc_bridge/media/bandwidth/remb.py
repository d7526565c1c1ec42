"""The viewer's own estimate of its link (REMB, draft-alvestrand-rmcat-remb)."""

OF_CARRIED = 0.85
"A viewer's estimate as a fraction of the bits that arrive, on a full link (aiortc, libwebrtc)."

INTERVAL = 0.4
'Seconds after which an estimate replaces the one that later ones are compared with.'

RISE = 1.02
'Growth from the one to the other that shows an estimate to be rising.'


class Remb:
    """The estimates of one viewer, in bit/s. Reads no clock."""

    def __init__(self) -> None:
        self.estimate = float('inf')
        self._noted_at = float('-inf')

    def note(self, estimate: int, now: float) -> bool:
        """Take the `estimate` that came at `now` (seconds); return whether it is rising."""
        rising = estimate > RISE * self.estimate
        if now - self._noted_at >= INTERVAL:
            self.estimate, self._noted_at = estimate, now
        return rising
