"""Several cameras from one sender process to one receiver process."""

import asyncio
from collections.abc import Sequence

from benchmark.measured_round import (
    first_image,
    in_window,
    read_samples,
    start_subscriber,
    used_cores,
)
from benchmark.part import Part
from benchmark.pipelines import (
    RECEIVER,
    RECEIVER_MODULE,
    SENDER,
    SENDER_MODULE,
    node_arguments,
    start_server,
)
from benchmark.plan import FPS, SMALL
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile, slope
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run


async def measure_all(run: Run) -> list[Record]:
    """Measure with a growing number of cameras."""
    records = []
    for count in run.plan.cameras:

        async def work(processes: Processes, count: int = count) -> Record:
            return await watch(run, processes, [f'camera{n}' for n in range(count)])

        record = await run.measured(f'cameras-{count}', work) | {'cameras': count}
        run.log(f'  {count}: {record.get("error") or short(record)}')
        records.append(record)
    return records


async def watch(run: Run, processes: Processes, ids: list[str]) -> Record:
    """Return the frame rates and latencies of the cameras `ids`, and their CPU time."""
    file, cameras = run.folder / 'cameras.json', run.folder / 'cameras.yaml'
    cameras.write_text(''.join(f'- {{id: {name}, source: test}}\n' for name in ids))
    subscriber = await start_subscriber(processes, [f'{name}/image_raw' for name in ids], file)
    url = await start_server(processes)
    size = ['--width', str(SMALL.width), '--height', str(SMALL.height), '--fps', str(FPS)]
    arguments = ['--server', url, '--cameras', str(cameras), *size]
    await processes.start(SENDER, SENDER_MODULE, *arguments)
    parameters = node_arguments(server_url=url, sender_ids=str(ids))
    await processes.start(RECEIVER, RECEIVER_MODULE, *parameters)
    await first_image(processes, subscriber)
    await asyncio.sleep(run.plan.settle)
    start_ns, end_ns, cores = await used_cores(processes, run.plan.seconds)
    await processes.end_all()
    seen = [in_window(samples, start_ns, end_ns) for samples in read_samples(file).values()]
    seconds = (end_ns - start_ns) / 1e9
    return {
        'fps': [(len(latencies) + unreadable) / seconds for latencies, unreadable in seen],
        'latencies_ms': [latency for latencies, _ in seen for latency in latencies],
        'cores': cores,
    }


def short(record: Record) -> str:
    """Return a summary of one number of cameras."""
    return f'{min(record["fps"]):.1f} fps, {record["cores"][RECEIVER]:.2f} cores'


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    counts = [record['cameras'] for record in records]

    def each(role: str) -> list[float | None]:
        used = [record['cores'][role] for record in records]
        return [*used, slope(zip(counts, used, strict=True))]

    latencies = [record['latencies_ms'] for record in records]
    slowest = [min(record['fps']) for record in records]
    rows = (
        Row('images a second, of the slowest camera', [*slowest, None]),
        Row(
            'capture to callback, p50 [ms]',
            [*(percentile(values, 50) for values in latencies), None],
        ),
        Row('p99 [ms]', [*(percentile(values, 99) for values in latencies), None]),
        Row('CPU receiver [cores]', each(RECEIVER), 3),
        Row('CPU sender [cores]', each(SENDER), 3),
    )
    columns = [f'{count} camera{"s" * (count > 1)}' for count in counts]
    return [Table('each 640x480 at 30 fps', [*columns, 'each further camera'], rows)]


CAMERAS = Part('cameras', 'Cameras', measure_all, tables)
