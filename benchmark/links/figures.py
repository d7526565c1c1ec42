"""Figures of one case, from what was seen at its viewer and in its link."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.plan import HD
from benchmark.reporting.figures import percentile

BIN = 1.0
'Seconds over which a rate is taken.'


@dataclass(frozen=True)
class Seen:
    """All times are in seconds since the first picture."""

    pictures: Sequence[tuple[float, int, int]]
    'When it came, width and height.'

    datagrams: Sequence[tuple[float, int, float]]
    'When it had passed the bottleneck, bytes with headers, seconds of waiting.'


Measure = Callable[[Seen], float | None]
'Returns the figure; None if what it times did not happen.'


@dataclass(frozen=True)
class Figure:
    """A row of the table, with its goal: the most that it may be, or the least."""

    title: str
    of: Measure
    goal: float
    at_least: bool = False
    digits: int = 0

    def as_good(self, value: float | None, other: float | None) -> bool:
        """Return whether a figure is at least as good as another, or as the goal."""
        if value is None or other is None:
            return other is None
        return value >= other if self.at_least else value <= other


def rate(seen: Seen, start: float, end: float) -> float:
    """Return the bits that passed in a second."""
    return 8 * sum(size for at, size, _ in seen.datagrams if start <= at < end) / (end - start)


def share(limit: float, start: float, end: float) -> Measure:
    """Return a function for the percentage of `limit` that was used."""
    return lambda seen: 100 * rate(seen, start, end) / limit


def waited(start: float, end: float) -> Measure:
    """Return a function for the 95th percentile of the waiting in the queue, in ms."""

    def of(seen: Seen) -> float | None:
        return percentile([1000 * w for at, _, w in seen.datagrams if start <= at < end], 95)

    return of


def regained(before: tuple[float, float], after: tuple[float, float]) -> Measure:
    """Return a function for the percentage of the rate of one span that another has."""
    return lambda seen: 100 * rate(seen, *after) / max(1.0, rate(seen, *before))


def below_half(before: tuple[float, float], start: float, end: float) -> Measure:
    """Return a function for the longest time in which the rate was below half of that before."""

    def of(seen: Seen) -> float:
        half, longest, since = rate(seen, *before) / 2, 0.0, start
        for number in range(int((end - start) / BIN)):
            at = start + number * BIN
            if rate(seen, at, at + BIN) >= half:
                since = at + BIN
            longest = max(longest, at + BIN - since)
        return longest

    return of


def fps(start: float, end: float) -> Measure:
    """Return a function for the pictures in a second."""
    return lambda seen: sum(start <= at < end for at, _, _ in seen.pictures) / (end - start)


def full_size(seen: Seen) -> float | None:
    """Return when the first picture of full size came."""
    return next((at for at, width, _ in seen.pictures if width >= HD.width), None)


def longest_gap(start: float, end: float) -> Measure:
    """Return a function for the longest time without a picture, in seconds."""

    def of(seen: Seen) -> float:
        inside = [at for at, _, _ in seen.pictures if start <= at < end]
        moments = [start, *inside, end]
        return max(later - sooner for sooner, later in itertools.pairwise(moments))

    return of
