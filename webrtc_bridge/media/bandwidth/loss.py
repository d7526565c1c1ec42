"""Packet loss: what a link loses at any rate, and what it loses because it is full."""

from webrtc_bridge.media.bandwidth.feedback import PacketCounts

WINDOW = 1.0
"""
Seconds that loss is measured over, at least. Some viewers, such as browsers, report several times
a second, and right after a loss: the fraction that such a report holds is of a few packets.
"""

TOO_MUCH = 0.15
'Fraction of the packets whose loss, beyond `Loss.accepted`, means that the rate must fall.'

MOST_ACCEPTED = 0.15
"""
Highest fraction that is accepted as lost at any rate, as it is on a radio link. A link that loses
more because it is full soon shows that in other ways too.
"""

QUEUE_FULL = 0.03
'Fraction of the packets whose loss means that a queue is full.'


class Loss:
    """
    The packets that one viewer loses, as fractions from 0 to 1. Reads no clock.

    `newest` is that of the window that the last report completed; None if it completed none.
    """

    def __init__(self) -> None:
        self.average = 0.0
        self.accepted = 0.0
        self.newest: float | None = None
        self._start: tuple[float, PacketCounts] | None = None

    @property
    def fills_queue(self) -> bool:
        """Return whether so much is lost that the link's queue is probably full."""
        return self.average > QUEUE_FULL

    def skip(self, packets: PacketCounts | None, now: float) -> None:
        """Measure from this report on."""
        if packets is not None:
            self._start = now, packets

    def note(self, packets: PacketCounts | None, now: float) -> bool:
        """Take what was reported at `now`, if anything; return whether too much is lost."""
        self.newest = self._measure(packets, now)
        if self.newest is None:
            return False
        # A second holds few packets: of 30, three more or less are chance.
        self.average = (self.average + self.newest) / 2
        too_much = self.average > TOO_MUCH + self.accepted
        if not too_much:
            self.accepted = min(self.average, MOST_ACCEPTED)
        return too_much

    def _measure(self, packets: PacketCounts | None, now: float) -> float | None:
        if packets is None:
            return None
        since, before = self._start or (now, packets)
        expected = (packets.highest - before.highest) & 0xFFFFFFFF
        if expected >= 1 << 31:  # the viewer counts from the beginning again
            since, before = now, packets
        if now - since < WINDOW or not expected:
            self._start = since, before
            return None
        self._start = now, packets
        return min(1.0, max(0, packets.lost - before.lost) / expected)
