"""
The bursts in which packets are sent, and how they arrive.

A frame is one burst. GCC calls it a group of packets (draft-ietf-rmcat-gcc-02, section 5.2), and
measures when its last packet arrives, since its sender spreads the packets of a frame. Ours sends
them at once: the first one has waited for what was sent before, the others for their own frame,
whose size varies.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median

from webrtc_bridge.media.rtp.sent_packets import PacketResult

BURST = 0.005
'Seconds within which packets are sent that are one burst.'

REMEMBERED = 128
'Bursts that are remembered: two seconds of video with as many retransmissions.'

NEWS, FEWEST_RATES = 1.0, 5
'Seconds of bursts, and how many at least, that show the capacity of the link.'

FEWEST_BURSTS = 3
'Bursts that what was sent is measured by, at least.'

ARRIVALS, FEWEST_ARRIVALS = 16, 10
'Packets that the newest rate of arrival is measured by, and at least.'

SHORTEST_GAP = 0.0001
'Seconds that a receiver needs for one packet: a shorter gap says no more than that.'


@dataclass(slots=True)
class Burst:
    """
    Packets that were sent at once.

    `delay` is the shortest of theirs, between two clocks: only differences mean anything. `late`
    is the delay of the packet that arrived last. `behind_first` are the bytes after the first.
    """

    sent: float
    delay: float
    late: float
    arrived: float
    size: int
    packets: int = 1
    behind_first: int = 0

    @property
    def rate(self) -> float:
        """The bit/s at which its packets arrived, after the first of them."""
        seconds = max(self.late - self.delay, SHORTEST_GAP * (self.packets - 1))
        return 8 * self.behind_first / seconds


class Bursts:
    """The newest bursts of a connection, in the order of sending. Reads no clock."""

    def __init__(self) -> None:
        self._bursts: deque[Burst] = deque(maxlen=REMEMBERED)
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=ARRIVALS)

    def add(self, results: Iterable[PacketResult]) -> None:
        """Take what became of some packets."""
        for sent, arrived, size, _ in results:
            if arrived is None:
                continue
            self._arrivals.append((arrived, size))
            newest = self._bursts[-1] if self._bursts else None
            if newest is None or sent - newest.sent > BURST:
                delay = arrived - sent
                self._bursts.append(Burst(sent, delay, delay, arrived, size))
            elif sent >= newest.sent:
                self._extend(newest, arrived, size)

    def _extend(self, burst: Burst, arrived: float, size: int) -> None:
        burst.size += size
        burst.behind_first += size
        burst.packets += 1
        burst.delay = min(burst.delay, arrived - burst.sent)
        if arrived >= burst.arrived:
            burst.arrived, burst.late = arrived, arrived - burst.sent

    @property
    def newest(self) -> Burst | None:
        """The newest burst, of which not all may have arrived."""
        return self._bursts[-1] if self._bursts else None

    def since(self, sent: float, most: int) -> Sequence[Burst]:
        """Return the newest bursts sent after `sent`, up to `most` of them, oldest first."""
        chosen = [burst for burst in islice(reversed(self._bursts), most) if burst.sent > sent]
        return chosen[::-1]

    def throughput(self, window: float) -> float | None:
        """Return the bit/s that arrived in the last `window` seconds; None if that is unknown."""
        return throughput(self._within(window))

    def offered(self, window: float) -> float | None:
        """Return the bit/s of what was sent in the same time, and arrived; None if unknown."""
        bursts = self._within(window)
        if len(bursts) < FEWEST_BURSTS:
            return None
        seconds = bursts[-1].sent - bursts[0].sent
        return 8 * sum(burst.size for burst in bursts[:-1]) / seconds

    def newest_rate(self) -> float | None:
        """
        Return the bit/s at which the newest packets follow each other, None if there are too few.

        It is the median: what a busy receiver takes at once, after a break, is one long gap.
        """
        if len(self._arrivals) < FEWEST_ARRIVALS:
            return None
        arrivals = sorted(self._arrivals)
        gaps = [
            max(arrived - before, SHORTEST_GAP) / (8 * size)
            for (before, _), (arrived, size) in pairwise(arrivals)
        ]
        return 1 / median(gaps)

    def capacity(self) -> float | None:
        """
        Return the bit/s at which packets of a burst follow each other, None without any.

        That is the rate of the slowest hop (as probes of libwebrtc measure it), whether it is full
        or not. It is the median of bursts: those in a break of a busy receiver say nothing.
        """
        rates = [burst.rate for burst in self._within(NEWS) if burst.packets > 1]
        return median(rates) if len(rates) >= FEWEST_RATES else None

    def _within(self, window: float) -> Sequence[Burst]:
        chosen: list[Burst] = []
        for burst in reversed(self._bursts):
            if self._bursts[-1].arrived - burst.arrived > window:
                break
            chosen.append(burst)
        return chosen[::-1]


def throughput(bursts: Sequence[Burst]) -> float | None:
    """Return the bit/s that arrived from the end of the first to the end of the last burst."""
    if len(bursts) < 2:
        return None
    seconds = bursts[-1].arrived - bursts[0].arrived
    return 8 * sum(burst.size for burst in bursts[1:]) / seconds if seconds > 0 else None
