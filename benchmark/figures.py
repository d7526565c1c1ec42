"""From rounds to figures: what stands in the rows of the table."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.measured_round import SUBSCRIBER, MeasuredRound
from benchmark.plan import FPS

Rounds = Sequence[MeasuredRound]


@dataclass(frozen=True)
class Figure:
    """A row: how its value comes out of all rounds of one pipeline at one size."""

    key: str
    'In JSON.'

    title: str
    unit: str
    digits: int

    of: Callable[[Rounds], float | None]
    'Of at least one round that brought images; None where the pipeline has no such thing.'

    compared: bool = True
    'Whether a ratio says anything: of shares that are near zero it does not.'


def latency(percent: float) -> Callable[[Rounds], float | None]:
    """Return the figure that is a percentile of the latencies of all rounds together."""

    def of(rounds: Rounds) -> float | None:
        together = [latency for one in rounds for latency in one.latencies_ms]
        return percentile(together, percent) if together else None

    return of


def median(of_one: Callable[[MeasuredRound], float | None]) -> Callable[[Rounds], float | None]:
    """Return the figure that is the median of `of_one` over the rounds."""

    def of(rounds: Rounds) -> float | None:
        values = [value for one in rounds if (value := of_one(one)) is not None]
        return statistics.median(values) if values else None

    return of


def cores(role: str) -> Callable[[Rounds], float | None]:
    """Return the figure that is the CPU of one process."""
    return median(lambda one: one.cores.get(role))


def pipeline_cores(one: MeasuredRound) -> float:
    """Return the CPU of all processes but the subscriber."""
    return sum(used for role, used in one.cores.items() if role != SUBSCRIBER)


def cpu_for_an_image(one: MeasuredRound) -> float | None:
    """Return the CPU time in ms behind each image that arrived."""
    return 1000 * pipeline_cores(one) * one.seconds / one.arrived if one.arrived else None


def dropped(one: MeasuredRound) -> float:
    """Return which share of what the source was to capture did not arrive, in percent."""
    # Of a part of an image at the end of the window, none can have arrived.
    captured = max(1, int(one.seconds * FPS))
    return max(0.0, 100 * (1 - one.arrived / captured))


FIGURES = (
    Figure('latency_p50', 'capture to callback, p50', 'ms', 1, latency(50)),
    Figure('latency_p99', 'capture to callback, p99', 'ms', 1, latency(99)),
    Figure('fps', 'images a second', '1/s', 1, median(lambda one: one.arrived / one.seconds)),
    Figure(
        'dropped',
        'of the images captured, dropped',
        '%',
        1,
        median(dropped),
        compared=False,
    ),
    Figure(
        'unreadable',
        'of the images that arrived, clock unreadable',
        '%',
        1,
        median(lambda one: 100 * one.unreadable / one.arrived if one.arrived else None),
        compared=False,
    ),
    Figure('cpu_sender', 'CPU sender', 'cores', 3, cores('sender')),
    Figure('cpu_receiver', 'CPU receiver', 'cores', 3, cores('receiver')),
    Figure('cpu_signaling', 'CPU signaling', 'cores', 3, cores('signaling')),
    Figure('cpu_pipeline', 'CPU of these together', 'cores', 3, median(pipeline_cores)),
    Figure('cpu_image', 'the same for each image that arrived', 'ms', 2, median(cpu_for_an_image)),
    Figure('cpu_subscriber', 'CPU subscriber (the same program)', 'cores', 3, cores(SUBSCRIBER)),
)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of `values` that at least `percent` % of them do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def figures(rounds: Rounds) -> dict[str, float | None]:
    """Return all figures of one pipeline at one size, by their keys."""
    good = [one for one in rounds if not one.error]
    return {figure.key: figure.of(good) if good else None for figure in FIGURES}


def ratios(
    ours: Mapping[str, float | None], other: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Return ours divided by the other's, of each figure that can be compared."""
    keys = [figure.key for figure in FIGURES if figure.compared]
    return {key: ratio(ours[key], other[key]) for key in keys}


def ratio(ours: float | None, other: float | None) -> float | None:
    """Return the quotient, None where there is none."""
    return ours / other if ours is not None and other else None
