"""The frame rate of a live stream during attacks on the signaling server."""

import asyncio
import time
from collections.abc import Sequence

from benchmark.measured_round import (
    first_image,
    in_window,
    read_samples,
    start_subscriber,
    used_cores,
)
from benchmark.part import Part
from benchmark.pipelines import SIGNALING, Scene, start_ours
from benchmark.plan import SMALL
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

ATTACKS = {
    'slowloris': '500 connections that send their header byte by byte',
    'flood': '20 peers that send as fast as they can, messages and frames of 1 MB',
}
UNDISTURBED = 'undisturbed'


async def measure_all(run: Run) -> list[Record]:
    """Watch one stream through all attacks."""
    file = run.folder / 'attack.json'
    topic = f'benchmark_{time.time_ns()}'
    windows: dict[str, tuple[int, int]] = {}
    cores: dict[str, float] = {}

    async def work(processes: Processes) -> Record:
        subscriber = await start_subscriber(processes, [topic], file)
        await start_ours(processes, Scene(SMALL, topic))
        port = (await processes.running[SIGNALING].line(r'serving on 127.0.0.1:([0-9]+)'))[1]
        await first_image(processes, subscriber)
        await asyncio.sleep(run.plan.settle)
        for attack in (UNDISTURBED, *ATTACKS):
            if attack != UNDISTURBED:
                arguments = ['--attack', attack, '--port', port]
                module = 'benchmark.programs.signaling.attackers'
                attackers = await processes.start(attack, module, *arguments)
                await attackers.line('^attacking')
            start_ns, end_ns, used = await used_cores(processes, run.plan.seconds)
            windows[attack], cores[attack] = (start_ns, end_ns), used[SIGNALING]
            if attack != UNDISTURBED:
                await processes.end(attack)
        await processes.end_all()
        return {}

    record = await run.measured('attack', work)
    if 'error' in record:
        run.log(f'  {record["error"]}')
        return [record]
    (samples,) = read_samples(file).values()
    records = []
    for attack, window in windows.items():
        latencies, unreadable = in_window(samples, *window)
        fps = (len(latencies) + unreadable) / (window[1] - window[0]) * 1e9
        seen = {'attack': attack, 'fps': fps, 'latencies_ms': latencies, 'cores': cores[attack]}
        run.log(f'  {attack}: {fps:.1f} fps')
        records.append(seen)
    return records


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    rates = [record['fps'] for record in records]
    latencies = [record['latencies_ms'] for record in records]
    rows = (
        Row('images a second', rates, 1),
        Row('of the undisturbed rate [%]', [100 * rate / rates[0] for rate in rates], 1),
        Row('capture to callback, p50 [ms]', [percentile(values, 50) for values in latencies]),
        Row('p99 [ms]', [percentile(values, 99) for values in latencies]),
        Row('CPU of the signaling server [cores]', [record['cores'] for record in records], 2),
    )
    titles = {UNDISTURBED: UNDISTURBED, **ATTACKS}
    columns = [titles[record['attack']] for record in records]
    return [
        Table('640x480 at 30 fps, sender and receiver registered at the server', columns, rows)
    ]


ATTACK = Part('attack', 'A live stream under attack', measure_all, tables)
