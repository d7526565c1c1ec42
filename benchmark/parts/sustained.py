"""The most demanding pictures for a minute: the share that arrives."""

import time
from collections.abc import Sequence

from benchmark.measured_round import measure
from benchmark.part import Part
from benchmark.pipelines import Scene, start_ours
from benchmark.plan import FULL_HD, HD
from benchmark.reporting.figures import arrived, arrived_percent, percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

CASES = ((FULL_HD, 30), (HD, 60))


async def measure_all(run: Run) -> list[Record]:
    """Measure ours."""
    records = []
    for size, fps in CASES:
        scene = Scene(size, f'benchmark_{time.time_ns()}', fps)
        label = f'sustained-{size}-{fps}'
        record = await measure(run, start_ours, scene, label, run.plan.minute)
        record |= {'size': str(size), 'fps': fps}
        run.log(f'  {size} at {fps} fps: {record.get("error") or f"{rate(record):.2f} fps"}')
        records.append(record)
    return records


def rate(record: Record) -> float:
    """Return the number of images that arrived per second."""
    return arrived(record) / float(record['seconds'])


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    latencies = [record['latencies_ms'] for record in records]
    rows = (
        Row('for [s]', [record['seconds'] for record in records], 0),
        Row('images a second that arrive', [rate(record) for record in records], 2),
        Row('images that arrive [%]', [arrived_percent(record) for record in records], 2),
        Row('capture to callback, p50 [ms]', [percentile(values, 50) for values in latencies]),
        Row('p99 [ms]', [percentile(values, 99) for values in latencies]),
        Row('CPU sender [cores]', [record['cores']['sender'] for record in records], 3),
        Row('CPU receiver [cores]', [record['cores']['receiver'] for record in records], 3),
    )
    columns = [f'{record["size"]} at {record["fps"]} fps' for record in records]
    return [Table('sender, receiver and subscriber on one machine', columns, rows)]


SUSTAINED = Part('sustained', 'Sustained', measure_all, tables)
