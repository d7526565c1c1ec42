"""The intervals of a stream's pictures, by which a silence is usual or not."""

from collections import deque
from math import inf

PATIENCE = 3.0
'Multiple of the longest of the newest intervals that a silence may last.'

INTERVALS = 3
'The newest intervals that count.'

SAME_NS = 1_000_000
'A picture that follows the one before so soon is the same one again, for another viewer.'


class Rhythm:
    """Tell how long a stream may be silent: pictures may be minutes apart, or the only ones."""

    def __init__(self) -> None:
        self._newest_ns: int | None = None
        self._intervals: deque[float] = deque(maxlen=INTERVALS)

    def note(self, time_ns: int) -> None:
        """Take the time of the next picture, in nanoseconds."""
        if self._newest_ns is not None:
            if abs(time_ns - self._newest_ns) < SAME_NS:
                return
            self._intervals.append(abs(time_ns - self._newest_ns) / 1e9)
        self._newest_ns = time_ns

    @property
    def usual_silence(self) -> float:
        """Seconds without a picture that are usual; 0 before the first, inf before the second."""
        if self._newest_ns is None:
            return 0.0
        return PATIENCE * max(self._intervals, default=inf)
