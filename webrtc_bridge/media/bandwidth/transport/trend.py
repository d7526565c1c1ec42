"""
Tell a queue that grows from a path that became longer, by the delays of bursts.

GCC smooths the delays, fits a line, and compares its slope with a threshold that adapts
(draft-ietf-rmcat-gcc-02, section 5.3 and 5.4; libwebrtc's `TrendlineEstimator`): a path that
becomes longer by 100 ms is a slope for half a second, and costs 15 % or more. Here the line must
explain the delays better than a step does, and its slope stand out from the noise that both leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from webrtc_bridge.media.bandwidth.transport.bursts import Burst


@dataclass(frozen=True, slots=True)
class Window:
    """
    The number of bursts that are judged, and what makes their delays a queue that grows.

    `rise` is in seconds, from the first to the last; `certainty` the slope in standard errors of
    it. The fewer there are, the more often chance would have a slope.
    """

    bursts: int
    rise: float
    certainty: float


WINDOWS = (Window(6, 0.04, 8.0), Window(12, 0.015, 5.5), Window(24, 0.012, 4.5))
'With gaussian noise, each is wrong less than once in an hour, at 30 bursts a second.'

MOST_BURSTS = max(window.bursts for window in WINDOWS)

LEAST_SLOPE = 0.015
'Seconds of delay in a second; a queue that grows less is noticed by its length.'


def growing(bursts: Sequence[Burst]) -> Sequence[Burst]:
    """Return the newest of `bursts` in whose time a queue grew; none if it did not."""
    for window in WINDOWS:
        newest = bursts[-window.bursts :]
        if len(newest) == window.bursts and is_growth(newest, window):
            return newest
    return ()


def is_growth(bursts: Sequence[Burst], window: Window) -> bool:
    """Return whether delays of `bursts` grow with time, by more than chance or a step explain."""
    count = len(bursts)
    times = [burst.sent - bursts[0].sent for burst in bursts]
    delays = [burst.delay - bursts[0].delay for burst in bursts]
    if max(delays) - min(delays) < window.rise / 2:  # as mostly: spare the rest
        return False
    mean_time, mean = sum(times) / count, sum(delays) / count
    spread = sum((time - mean_time) ** 2 for time in times)
    if not spread:
        return False
    slope = sum((t - mean_time) * (d - mean) for t, d in zip(times, delays, strict=True)) / spread
    if slope < LEAST_SLOPE or slope * times[-1] < window.rise:
        return False
    left_by_line = max(sum((d - mean) ** 2 for d in delays) - slope**2 * spread, 0.0)
    error = (left_by_line / (count - 2) / spread) ** 0.5
    return slope > window.certainty * error and left_by_line < left_by_step(delays)


def left_by_step(delays: Sequence[float]) -> float:
    """Return the sum of squares that the best step between two levels leaves of `delays`."""
    count, total = len(delays), sum(delays)
    explained = before = 0.0
    for index, delay in enumerate(delays[:-1], start=1):
        before += delay
        after = total - before
        explained = max(explained, before**2 / index + after**2 / (count - index))
    return max(sum(delay**2 for delay in delays) - explained, 0.0)
