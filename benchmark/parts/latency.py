"""The latency from capture to a subscriber's callback, of each pipeline at each size."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.measured_round import measure
from benchmark.part import Part
from benchmark.pipelines import OURS, PIPELINES, TITLES, Scene, missing
from benchmark.plan import FPS
from benchmark.reporting.figures import (
    Records,
    arrived_percent,
    median,
    percentile,
    ratio,
    together,
)
from benchmark.reporting.table import Row, Table, Value
from benchmark.run import Record, Run


async def measure_all(run: Run) -> list[Record]:
    """Let the pipelines take turns, so that drift of the machine affects all of them."""
    records: list[Record] = []
    available = []
    for pipeline in PIPELINES:
        if pipeline.name not in run.plan.pipelines:
            continue
        if reason := missing(pipeline.require):
            records.append({'pipeline': pipeline.name, 'missing': reason})
        else:
            available.append(pipeline)
    for size in run.plan.sizes:
        for number in range(1, run.plan.rounds + 1):
            for pipeline in available:
                scene = Scene(size, f'benchmark_{time.time_ns()}')
                label = f'latency-{size}-{number}-{pipeline.name}'
                record = await measure(
                    run,
                    pipeline.start,
                    scene,
                    label,
                    run.plan.seconds,
                    keep_memory=pipeline.keep_memory,
                )
                record |= {'pipeline': pipeline.name, 'size': str(size), 'round': number}
                run.log(f'  {size} {number}/{run.plan.rounds} {pipeline.title}: {short(record)}')
                records.append(record)
    return records


def short(record: Record) -> str:
    """Return a summary of one round."""
    if 'error' in record:
        return str(record['error'])
    p50 = percentile(record['latencies_ms'], 50)
    return f'{p50:.1f} ms, {arrived_percent(record):.0f} %' if p50 else 'no readable image'


@dataclass(frozen=True)
class Figure:
    """A row of the table, with `digits` decimals."""

    title: str
    of: Any
    digits: int
    compared: bool = True


def latency(percent: float) -> Any:
    """Return a function for a percentile of the latencies of all rounds together."""
    return lambda records: percentile(together(records, 'latencies_ms'), percent)


def cores(*roles: str) -> Any:
    """Return a function for the CPU of the processes of `roles` together."""

    def of_one(record: Record) -> float | None:
        used = [record['cores'][role] for role in roles if role in record['cores']]
        return sum(used) if used else None

    return lambda records: median(records, of_one)


def unreadable_percent(record: Record) -> float:
    """Return the percentage of images that arrived with an unreadable clock."""
    number = len(record['latencies_ms']) + record['unreadable']
    return 100 * float(record['unreadable'] / max(1, number))


FIGURES = (
    Figure('capture to callback, p50 [ms]', latency(50), 1),
    Figure('p90 [ms]', latency(90), 1),
    Figure('p99 [ms]', latency(99), 1),
    Figure('images that arrive [%]', lambda records: median(records, arrived_percent), 1, False),
    Figure(
        'of these, too blurred for their clock [%]',
        lambda records: median(records, unreadable_percent),
        1,
        False,
    ),
    Figure('CPU sender [cores]', cores('sender'), 3),
    Figure('CPU receiver [cores]', cores('receiver'), 3),
    Figure('CPU signaling [cores]', cores('signaling'), 3, False),
    Figure('CPU of all three [cores]', cores('sender', 'receiver', 'signaling'), 3),
)


def figures(records: Records) -> list[float | None]:
    """Return all figures of one pipeline at one size."""
    return [figure.of(records) if records else None for figure in FIGURES]


def tables(records: Sequence[Record]) -> list[Table]:
    """Return a table for each size, with the ratios of ours to the other pipelines."""
    sizes = dict.fromkeys(record['size'] for record in records)
    return [
        of_size(size, [record for record in records if record['size'] == size]) for size in sizes
    ]


def of_size(size: str, records: Records) -> Table:
    """Return the table of the pipelines at one size."""
    names = list(dict.fromkeys(record['pipeline'] for record in records))
    values = {name: figures([one for one in records if one['pipeline'] == name]) for name in names}
    others = [name for name in names if name != OURS] if OURS in names else []
    rows = []
    for index, figure in enumerate(FIGURES):
        cells: list[Value] = [values[name][index] for name in names]
        if figure.compared:
            ours = values[OURS][index] if OURS in names else None
            cells += [with_two_digits(ratio(ours, values[name][index])) for name in others]
        else:
            cells += [None] * len(others)
        rows.append(Row(figure.title, cells, figure.digits))
    columns = [TITLES[name] for name in names] + [f'ours / {TITLES[name]}' for name in others]
    return Table(f'{size} at {FPS} fps', columns, rows)


def with_two_digits(value: float | None) -> str | None:
    """Return the text of a ratio."""
    return None if value is None else f'{value:.2f}'


LATENCY = Part('latency', 'Capture to callback', measure_all, tables)
