"""Limit the retransmissions to one viewer. No I/O."""

BURST = 50
'Packets that may be retransmitted at once: a large keyframe.'

MOST = 0.5
"""
Retransmissions for each packet sent. Nothing else keeps webrtcbin from filling a full link with
them: at 300 kbit/s, there were six times as many retransmissions as new packets.
"""

NUMBERS = 1 << 16
'Sequence numbers (RFC 3550 section 5.1).'


class Retransmissions:
    """Limits retransmissions; drops requests for packets sent before the last pause."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._forgotten: int | None = None
        self._allowed = float(BURST)

    def forget(self, newest: int) -> None:
        """Allow nothing up to number `newest`: it waits in a full link, or is no longer useful."""
        self._forgotten = newest

    def allows(self, number: int, newest: int) -> bool:
        """Return whether packet `number` is retransmitted; `newest` is the last one sent."""
        sent = (newest - self._newest) % NUMBERS if self._newest is not None else 0
        self._newest = newest
        self._allowed = min(BURST, self._allowed + MOST * sent)
        if self._forgotten is not None and (number - self._forgotten - 1) % NUMBERS > NUMBERS // 2:
            return False
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True
