"""Compute figures from samples."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from benchmark.run import Record

Records = Sequence[Record]


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the smallest of `values` that at least `percent` % of them do not exceed."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def together(records: Records, key: str) -> list[float]:
    """Return the values of `key` of all `records` in one list."""
    return [value for record in records for value in record[key]]


def median(records: Records, of: Callable[[Record], float | None]) -> float | None:
    """Return the median of `of` over the records that have it."""
    values = [value for record in records if (value := of(record)) is not None]
    return statistics.median(values) if values else None


def ratio(ours: float | None, other: float | None) -> float | None:
    """Return the quotient; None if there is none."""
    return ours / other if ours is not None and other else None


def slope(points: Iterable[tuple[float, float]]) -> float | None:
    """Return the slope of the line through `points` (least squares); None for a single x."""
    both = list(points)
    if len({x for x, _ in both}) < 2:
        return None
    return statistics.linear_regression(*zip(*both, strict=True)).slope


def arrived(record: Record) -> int:
    """Return the number of different images that arrived in a record of `measured_round`."""
    return len(record['latencies_ms']) + int(record['unreadable'])


def arrived_percent(record: Record) -> float:
    """Return the percentage of captured images that arrived."""
    # A fraction of an image at the end of the window cannot have arrived.
    captured = max(1, int(record['seconds'] * record['fps']))
    return min(100.0, 100 * arrived(record) / captured)
