"""The offset between the clocks of two machines."""

from collections import deque
from dataclasses import dataclass

WINDOW = 16
'Newest exchanges that the best is chosen of: over a minute of them.'

DRIFT_NS = 5_000_000
'Drift between two good clocks while the window fills (50 ppm for 100 s).'


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One question and answer, four times in Unix nanoseconds (NTP's, RFC 5905 section 8).

    `asked` and `heard` are by the asking side's clock, as it was when it asked; `received` and
    `answered` by the other's.
    """

    asked: int
    received: int
    answered: int
    heard: int

    @property
    def is_possible(self) -> bool:
        """Return whether the other side can have had the question for as long as it says."""
        return 0 <= self.answered - self.received <= self.heard - self.asked

    @property
    def offset_ns(self) -> int:
        """The other clock less ours, if both ways took the same time."""
        return (self.received - self.asked + self.answered - self.heard) // 2

    @property
    def round_trip_ns(self) -> int:
        """The time that was spent on the way, there and back."""
        return self.heard - self.asked - (self.answered - self.received)

    @property
    def uncertainty_ns(self) -> int:
        """Most that the offset can be wrong by: one way may have taken all of the time."""
        return self.round_trip_ns // 2


class ClockOffset:
    """
    The offset of another clock, from the quickest of the newest exchanges.

    One thread adds; any thread may read.
    """

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=WINDOW)
        self._best: Exchange | None = None

    @property
    def best(self) -> Exchange | None:
        """The exchange that the offset is taken from; None before the first."""
        return self._best

    @property
    def newest(self) -> Exchange | None:
        """The newest exchange; None before the first."""
        return self._exchanges[-1] if self._exchanges else None

    def add(self, exchange: Exchange) -> None:
        """
        Take an exchange; start again with one that contradicts the others: a clock was set.

        One that is impossible tells nothing: a clock was set meanwhile, or the other side lies.
        """
        if not exchange.is_possible:
            return
        best = self._best
        if best is not None:
            apart = abs(exchange.offset_ns - best.offset_ns)
            if apart > exchange.uncertainty_ns + best.uncertainty_ns + DRIFT_NS:
                self._exchanges.clear()
        self._exchanges.append(exchange)
        self._best = min(self._exchanges, key=lambda exchange: exchange.uncertainty_ns)

    def to_ours(self, time_ns: int) -> int:
        """
        Return a time of the other clock as one of ours.

        Clocks that may agree, as far as the exchanges can tell, are taken to: on one machine a
        time comes out as it went in.
        """
        best = self._best
        if best is None or abs(best.offset_ns) <= best.uncertainty_ns:
            return time_ns
        return time_ns - best.offset_ns
