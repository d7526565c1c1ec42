"""The frame rate of a live stream during attacks on the signaling server."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe

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
    SIGNALING,
    node_arguments,
    sender_arguments,
    start_server,
)
from benchmark.plan import FPS, SMALL
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run
from webrtc_bridge.signaling.secret_file import write_private

ATTACKS = {
    'slowloris': '500 connections that send their header byte by byte',
    'flood': '20 peers that send as fast as they can, messages and frames of 1 MB',
    'descriptions': '80 peers that send 63 kB of SDP lines, as often as they may',
    'requests': 'a viewer that requests 140 sessions a second',
    'abandoned': 'viewers that request 9 sessions a second and leave them at once',
    'strangers': '195 connections a second without a token',
    'silent': '64 viewers that never answer',
}
NEWCOMERS = 'newcomers'
UNDISTURBED = 'undisturbed'


async def measure_all(run: Run) -> list[Record]:
    """Watch one stream through all attacks."""
    file = run.folder / 'attack.json'
    topic = f'benchmark_{time.time_ns()}'
    windows: dict[str, tuple[int, int]] = {}
    cores: dict[str, float] = {}
    newcomers: dict[str, list[float]] = {}

    async def work(processes: Processes) -> Record:
        subscriber = await start_subscriber(processes, [topic], file)
        url, token = await start_guarded(processes, run.folder / 'attack.secret', topic)
        await first_image(processes, subscriber)
        await asyncio.sleep(run.plan.settle)
        for attack in (UNDISTURBED, *ATTACKS):
            if attack != UNDISTURBED:
                arguments = ['--attack', attack, '--port', url.rpartition(':')[2], *token]
                module = 'benchmark.programs.signaling.attackers'
                attackers = await processes.start(attack, module, *arguments)
                await attackers.line('^attacking')
            program = 'benchmark.programs.newcomers'
            who = ['--server', url, '--sender-id', 'front', *token]
            coming = await processes.start(NEWCOMERS, program, *who)
            await coming.line('^coming')
            start_ns, end_ns, used = await used_cores(processes, run.plan.seconds)
            windows[attack], cores[attack] = (start_ns, end_ns), used[SIGNALING]
            newcomers[attack] = [1000 * took for took in await coming.final_result()]
            await processes.end(NEWCOMERS)
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
        records.append(seen | {'newcomers_ms': newcomers[attack]})
        slowest = max(newcomers[attack], default=0.0)
        run.log(f'  {attack}: {fps:.1f} fps, a newcomer after at most {slowest:.0f} ms')
    return records


async def start_guarded(processes: Processes, secret: Path, topic: str) -> tuple[str, list[str]]:
    """Start our programs with a server that requires a token; return its URL, and the flag."""
    write_private('--secret-file', str(secret), token_urlsafe(), replace=True)
    url = await start_server(processes, '--secret-file', str(secret))
    token = ['--token-file', str(secret)]
    sender = sender_arguments(url, 'front', SMALL, FPS)
    await processes.start(SENDER, SENDER_MODULE, *sender, *token)
    parameters = node_arguments(
        server_url=url, sender_id='front', topic=topic, token_file=str(secret)
    )
    await processes.start(RECEIVER, RECEIVER_MODULE, *parameters)
    return url, token


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    rates = [record['fps'] for record in records]
    latencies = [record['latencies_ms'] for record in records]
    rows = (
        Row('images a second', rates, 1),
        Row('of the undisturbed rate [%]', [100 * rate / rates[0] for rate in rates], 1),
        Row('capture to callback, p50 [ms]', [percentile(values, 50) for values in latencies]),
        Row('p99 [ms]', [percentile(values, 99) for values in latencies]),
        Row(
            "from connecting to a newcomer's first picture, the longest [ms]",
            [max(record['newcomers_ms'], default=None) for record in records],
            0,
        ),
        Row('CPU of the signaling server [cores]', [record['cores'] for record in records], 2),
    )
    titles = {UNDISTURBED: UNDISTURBED, **ATTACKS}
    columns = [titles[record['attack']] for record in records]
    return [
        Table('640x480 at 30 fps, sender and receiver registered at the server', columns, rows)
    ]


ATTACK = Part('attack', 'A live stream under attack', measure_all, tables)
