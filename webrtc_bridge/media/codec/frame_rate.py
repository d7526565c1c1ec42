"""
Measure the rate at which pictures come.

For both engines, so without PyAV, which the GStreamer sender does not need.
"""

from collections import deque

SLOWEST = 4.0
"""
Pictures a second below which each gets no more bits: one that takes a link longer than a quarter
of a second would arrive late.
"""

WINDOW = 1.0
'Seconds of pictures that the rate is an average of.'

TOLERANCE = 0.03
'The part of the rate by which it must change to be reported; that of a camera varies by 1 %.'

STEP = 1.5
'Pictures that are so many times closer together, or farther apart, start a new average.'

LONGEST = 2.0
'The longest interval that counts, in intervals of the rate: a pause is not a low rate.'


class FrameRate:
    """
    Average the rate of pictures from their times. For one thread; reads no clock.

    `value` (1/s) is the expected rate until enough pictures have come.
    """

    def __init__(self, expected: float) -> None:
        self.value = expected
        self._intervals: deque[float] = deque()
        self._newest: deque[float] = deque(maxlen=3)
        self._last: float | None = None

    def note(self, time: float) -> bool:
        """Take the time of the next picture (seconds); return whether `value` changed."""
        last, self._last = self._last, time
        # A picture that is shown again keeps its time; a clock may be set back.
        if last is None or time <= last:
            return False
        started = self._add(time - last)
        seconds = sum(self._intervals)
        if not started and seconds < WINDOW / 2:
            return False
        measured = len(self._intervals) / seconds
        if abs(measured - self.value) <= TOLERANCE * self.value:
            return False
        self.value = measured
        return True

    def _add(self, interval: float) -> bool:
        """Add an interval to the average; return whether that starts with it."""
        usual = 1 / self.value
        self._newest.append(interval)
        three = list(self._newest)
        two = three[-2:]
        if len(three) == 3 and min(three) > STEP * usual:
            self._intervals = deque(three)
            return True
        if len(two) == 2 and max(two) < usual / STEP:
            # After two already: with the old average each picture would get too many bits.
            self._intervals = deque(two)
            return True
        self._intervals.append(min(interval, LONGEST * usual))
        while len(self._intervals) > 3 and sum(self._intervals) - self._intervals[0] > WINDOW:
            self._intervals.popleft()
        return False
