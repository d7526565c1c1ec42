"""The packets that were sent on one connection, until their fate is known."""

from array import array
from typing import NamedTuple

from webrtc_bridge.media.rtp.transport_feedback import MOST_STATUSES, TICK, TransportFeedback

REMEMBERED = MOST_STATUSES
"""
Packets that are remembered: two seconds at 40 Mbit/s. A power of two, as a divisor of all numbers.
"""


class PacketResult(NamedTuple):
    """
    The fate of one packet of `size` bytes.

    `sent` is in seconds of this side's clock and `arrived` in those of the receiver's, or None if
    the packet is missing.
    """

    sent: float
    arrived: float | None
    size: int
    is_retransmission: bool = False


LOOKS, REPORT, MOST_LOOKS = 64, 32, 2 * MOST_STATUSES
"""
Packets whose fate is looked up for each packet sent, the packets that a report counts for besides
its own, and how many at once. A report takes 24 bytes to name 8,192 packets as missing, and 5 ms;
one that is honest covers at least one new packet, and the last 0.5 s again if some are reordered.
"""

RETRANSMISSION, MISSING = 0x8000, 0x4000
'The bits of a size that mark a retransmission, and a packet that was reported missing.'

SIZE = MISSING - 1


class ArrivalClock:
    """The clock of a receiver, which counts in `TICK` and wraps at 32 bits."""

    def __init__(self) -> None:
        self._tick = 0

    def seconds(self, tick: int) -> float:
        """Return the time of `tick` so that it continues that of the last one."""
        self._tick += ((tick - self._tick + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        return self._tick * TICK


class SentPackets:
    """
    The times and sizes of the newest packets, in arrays that never grow. Reads no clock.

    Packets are numbered from 0 on, `next` is the number of the next one; what is sent are the
    lowest 16 bits. The size of a packet whose arrival was reported is 0.
    """

    def __init__(self) -> None:
        self.next = 0
        self.times = array('d', bytes(8 * REMEMBERED))
        self.sizes = array('H', bytes(2 * REMEMBERED))
        self._clock = ArrivalClock()
        self._looked = 0

    def note_retransmission(self, size: int, now: float) -> None:
        """Note that the packet `next` is a retransmission of `size` bytes, sent at `now`."""
        index = self.next % REMEMBERED
        self.times[index], self.sizes[index] = now, size | RETRANSMISSION
        self.next += 1

    def postpone(self, first: int, count: int, now: float) -> None:
        """Note that `count` packets, from `first` on, are sent only at `now`."""
        for number in range(first, first + count):
            self.times[number % REMEMBERED] = now

    def results(self, feedback: TransportFeedback) -> list[PacketResult]:
        """
        Return what is news in `feedback`, in the order of sending; what is forgotten is not.

        Reports on more packets than `LOOKS` allows say nothing.
        """
        if not self._may_look(feedback.count):
            return []
        arrivals = dict(feedback.arrivals)
        results = []
        for number in range(feedback.first, feedback.first + feedback.count):
            behind = (self.next - number) & 0xFFFF
            if not 0 < behind <= min(REMEMBERED, self.next):
                continue
            index = (self.next - behind) % REMEMBERED
            tick = arrivals.get(number & 0xFFFF)
            noted = self.sizes[index]
            # A receiver reports what is missing again with what came late (packet_arrivals.py).
            if not noted or (tick is None and noted & MISSING):
                continue
            arrived = None if tick is None else self._clock.seconds(tick)
            is_retransmission = noted >= RETRANSMISSION
            results.append(
                PacketResult(self.times[index], arrived, noted & SIZE, is_retransmission)
            )
            self.sizes[index] = noted | MISSING if tick is None else 0
        return results

    def _may_look(self, count: int) -> bool:
        """Return whether to look up the fate of `count` packets for one more report."""
        allowed = LOOKS * self.next
        looked = max(self._looked, allowed - MOST_LOOKS) + count + REPORT
        if looked > allowed:
            return False
        self._looked = looked
        return True
