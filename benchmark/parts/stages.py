"""The stages of a frame's way, and the time of each."""

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmark.frame_way import stages, ways
from benchmark.measured_round import first_image, read_samples, start_subscriber, used_cores
from benchmark.part import Part
from benchmark.pipelines import (
    RECEIVER,
    RECEIVER_MODULE,
    SENDER,
    SENDER_MODULE,
    node_arguments,
    sender_arguments,
    start_server,
)
from benchmark.plan import FPS, Size
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

MOST_SIZES = 2


async def measure_all(run: Run) -> list[Record]:
    """Trace our programs at the first sizes."""
    records = []
    for size in run.plan.sizes[:MOST_SIZES]:
        record = await run.measured(f'stages-{size}', partial(trace, run, size))
        record |= {'size': str(size)}
        run.log(f'  {size}: {record.get("error") or short(record)}')
        records.append(record)
    return records


async def trace(run: Run, size: Size, processes: Processes) -> Record:
    """Return the medians of all stages, in ms."""
    topic = f'benchmark_{time.time_ns()}'
    samples = run.folder / 'stages.json'
    subscriber = await start_subscriber(processes, [topic], samples)
    url = await start_server(processes)
    sending = sender_arguments(url, 'front', size, FPS)
    receiving = node_arguments(server_url=url, sender_id='front', topic=topic)
    files = [
        await start_traced(run, processes, SENDER, SENDER_MODULE, sending),
        await start_traced(run, processes, RECEIVER, RECEIVER_MODULE, receiving),
    ]
    await first_image(processes, subscriber)
    start_ns, end_ns, _ = await used_cores(processes, run.plan.settle + run.plan.seconds)
    await processes.end_all()
    (seen,) = read_samples(samples).values()
    settled_ns = start_ns + int(run.plan.settle * 1e9)
    inside = [sample for sample in seen if settled_ns <= sample[0] < end_ns]
    sender, receiver = (json.loads(file.read_text()) for file in files)
    frames = ways(sender, receiver, inside)
    totals = [(way['received'] - way['captured']) / 1e6 for way in frames]
    return {'frames': len(frames), 'total': percentile(totals, 50), 'stages': stages(frames)}


async def start_traced(
    run: Run, processes: Processes, role: str, module: str, arguments: Sequence[str]
) -> Path:
    """Start `module` with its instants recorded; return the file that it writes at its end."""
    file = run.folder / f'trace-{role}.json'
    traced = 'benchmark.programs.traced'
    await processes.start(role, traced, str(file), module, *arguments)
    return file


def short(record: Record) -> str:
    """Return a summary of one size."""
    return ', '.join(f'{name} {took:.2f}' for name, took in record['stages'].items())


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    names = list(dict.fromkeys(name for record in records for name in record['stages']))
    rows = [Row(name, [record['stages'].get(name) for record in records], 2) for name in names]
    rows.append(
        Row('**all together** (median of the sums)', [record['total'] for record in records], 2)
    )
    columns = [record['size'] for record in records]
    return [Table('medians of the stages of ours, while traced [ms]', columns, rows)]


STAGES = Part('stages', 'Where the milliseconds go', measure_all, tables)
