"""The bit rate of the video that a viewer has recently been sent."""

from collections import deque

WINDOW = 0.7
'Shortest time, in seconds, to measure over: one frame more or less must not count for much.'

LONGEST_WINDOW = 2.5
'Longest time, in seconds, to measure over.'

REPORTS = 128
'Reports that are kept; aiortc sends 60 a second while its link is full.'


class SentRate:
    """Measure what is sent, from the total number of bytes at each report. Reads no clock."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=REPORTS)

    def note(self, now: float, sent: int) -> None:
        """Note that at `now` (seconds) `sent` bytes had been sent in all."""
        self._samples.append((now, sent))

    def measure(self, now: float) -> float | None:
        """Return the rate in bit/s; None until `WINDOW` has passed since the first sample."""
        for time, sent in self._samples:
            if WINDOW <= now - time <= LONGEST_WINDOW:
                return 8 * (self._samples[-1][1] - sent) / (now - time)
        return None

    def excess(self, carried: float, now: float) -> float:
        """Return the bits sent since the oldest sample beyond what `carried` (bit/s) took."""
        oldest, before = self._samples[0]
        return 8 * (self._samples[-1][1] - before) - carried * (now - oldest)

    def restart(self) -> None:
        """Measure from the newest sample on."""
        newest = self._samples[-1]
        self._samples.clear()
        self._samples.append(newest)
