"""The share of published images that arrives at an untuned subscriber."""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from benchmark.measured_round import measure
from benchmark.part import Part
from benchmark.pipelines import (
    OURS,
    RECEIVER,
    RECEIVER_MODULE,
    SENDER,
    SENDER_MODULE,
    Scene,
    node_arguments,
    sender_arguments,
    start_server,
)
from benchmark.processes import Processes
from benchmark.reporting.figures import Records, arrived, percentile, together
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run
from webrtc_bridge.errors import NoImagesError

PATIENCE = 8.0
'Seconds to wait for the first image, which may never come.'


async def start_ours(file: Path, processes: Processes, scene: Scene) -> None:
    """Start our programs with their defaults; `file` will have the times of publishing."""
    url = await start_server(processes)
    sending = sender_arguments(url, 'front', scene.size, scene.fps)
    await processes.start(SENDER, SENDER_MODULE, *sending)
    receiving = node_arguments(server_url=url, sender_id='front', topic=scene.topic)
    traced = 'benchmark.programs.traced'
    await processes.start(RECEIVER, traced, str(file), RECEIVER_MODULE, *receiving)


async def start_publisher(file: Path, processes: Processes, scene: Scene) -> None:
    """Start a textbook node that publishes the same pictures with the defaults of DDS."""
    size = ['--width', str(scene.size.width), '--height', str(scene.size.height)]
    arguments = ['--topic', scene.topic, '--output', str(file), *size]
    await processes.start(RECEIVER, 'benchmark.programs.ros.publish_pattern', *arguments)


Start = Callable[[Path, Processes, Scene], Awaitable[None]]
WAYS: dict[str, tuple[str, Start]] = {
    OURS: ('ours, out of the box', start_ours),
    'default': ('an rclpy publisher, out of the box', start_publisher),
}


async def measure_all(run: Run) -> list[Record]:
    """Measure both ways in turns."""
    records = []
    for size in run.plan.delivery_sizes:
        for reliability in ('reliable', 'best effort'):
            for name in WAYS:
                scene = Scene(size, f'benchmark_{time.time_ns()}')
                record = await measure_one(run, scene, reliability, name)
                record |= {'size': str(size), 'reliability': reliability, 'way': name}
                outcome = record.get('error') or f'{arrived_percent(record):.0f} %'
                run.log(f'  {size} {reliability}, {WAYS[name][0]}: {outcome}')
                records.append(record)
    return records


async def measure_one(run: Run, scene: Scene, reliability: str, name: str) -> Record:
    """Return the number of images that were published, and those that arrived."""
    label = f'delivery-{scene.size}-{reliability.replace(" ", "_")}-{name}'
    file = run.folder / f'{label}-published.json'
    record = await measure(
        run,
        partial(WAYS[name][1], file),
        scene,
        label,
        run.plan.seconds,
        best_effort=reliability == 'best effort',
        patience=PATIENCE,
    )
    if record.get('kind') == NoImagesError.__name__:
        return {'latencies_ms': [], 'unreadable': 0, 'published': len(published(file))}
    if 'error' not in record:
        start_ns, end_ns = record['window']
        record['published'] = sum(start_ns <= at < end_ns for at in published(file))
    return record


def published(file: Path) -> list[int]:
    """Return the times in `file` at which an image was published."""
    return [at for instant, _, at in json.loads(file.read_text()) if instant == 'published']


def arrived_percent(record: Record) -> float:
    """Return the percentage that arrived; one image may be on its way when the window ends."""
    if not record['published']:
        return 0.0
    lost = record['published'] - arrived(record)
    return 100 * (1 - lost / record['published']) if lost > 1 else 100.0


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    cases = list(dict.fromkeys((record['size'], record['reliability']) for record in records))
    rows = []
    for name, (title, _) in WAYS.items():
        of_way = [record for record in records if record['way'] == name]
        by_case = [
            [record for record in of_way if (record['size'], record['reliability']) == case]
            for case in cases
        ]
        rows.append(Row(f'{title}: arrive [%]', [share(rounds) for rounds in by_case]))
        rows.append(Row('p50 of the delay from capture [ms]', [p50(rounds) for rounds in by_case]))
    columns = [f'{size}, {reliability}' for size, reliability in cases]
    return [Table('of the images that were published', columns, rows)]


def share(records: Records) -> float | None:
    """Return the lowest percentage of images that arrived."""
    return min((arrived_percent(record) for record in records), default=None)


def p50(records: Records) -> float | None:
    """Return the median delay."""
    return percentile(together(records, 'latencies_ms'), 50)


DELIVERY = Part('delivery', 'Images that arrive at an untuned subscriber', measure_all, tables)
