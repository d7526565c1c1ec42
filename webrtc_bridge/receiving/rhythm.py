"""The intervals of a stream's pictures, by which a silence is usual or not."""

from collections import deque
from math import inf

from webrtc_bridge.media.frames import EncodedFrame

PATIENCE = 3.0
'Multiple of the longest of the newest intervals that a silence may last.'

INTERVALS = 3
'The newest intervals that count.'

SAME_TICKS = 90
"""
RTP ticks, 1 ms, within which a picture is the one before again: for another viewer, or because its
frame was lost. By their other times the two may differ by more, as the first has none of capture.
"""


class Rhythm:
    """Tell how long a stream may be silent: pictures may be minutes apart, or the only ones."""

    def __init__(self) -> None:
        self._newest: tuple[int, int, int | None] | None = None
        self._intervals: deque[float] = deque(maxlen=INTERVALS)

    def note(self, frame: EncodedFrame) -> None:
        """Take the next frame."""
        before = self._newest
        self._newest = frame.timestamp, frame.time_ns, frame.capture_ns
        if before is None:
            return
        timestamp, time_ns, capture_ns = before
        ticks = (frame.timestamp - timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        if abs(ticks) < SAME_TICKS:
            return
        # Not RTP time, whose steps have a bound.
        if capture_ns is None or frame.capture_ns is None:
            interval = frame.time_ns - time_ns
        else:
            interval = frame.capture_ns - capture_ns
        self._intervals.append(abs(interval) / 1e9)

    @property
    def usual_silence(self) -> float:
        """Seconds without a picture that are usual; 0 before the first, inf before the second."""
        if self._newest is None:
            return 0.0
        return PATIENCE * max(self._intervals, default=inf)
