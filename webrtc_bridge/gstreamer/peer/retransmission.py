"""Choose the packets that are sent again to one viewer. No I/O."""

from webrtc_bridge.media.rtp.retransmission_budget import RetransmissionBudget

BURST = 50
'Packets that may be retransmitted at once: a large keyframe.'

NUMBERS = 1 << 16
'Sequence numbers (RFC 3550 section 5.1).'


class Retransmissions:
    """Limits retransmissions; drops requests for packets sent before the last pause."""

    def __init__(self) -> None:
        self._budget = RetransmissionBudget(BURST)
        self._newest: int | None = None
        self._count = 0  # of packets, which unlike their numbers does not wrap
        self._forgotten = -NUMBERS

    def note(self, newest: int) -> None:
        """Take the number of the newest packet, at least once in `NUMBERS` packets."""
        sent = (newest - self._newest) % NUMBERS if self._newest is not None else 0
        self._newest = newest
        self._count += sent
        self._budget.sent(sent)

    def forget(self, newest: int) -> None:
        """Allow nothing up to number `newest`: it waits in a full link, or is no longer useful."""
        self.note(newest)
        self._forgotten = self._count

    def allows(self, number: int, newest: int) -> bool:
        """Return whether packet `number` is retransmitted; `newest` is the last one sent."""
        self.note(newest)
        behind = (newest - number) % NUMBERS
        return self._count - behind > self._forgotten and self._budget.take()
