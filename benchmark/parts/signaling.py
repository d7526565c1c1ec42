"""The messages that one signaling server relays, and its memory per socket."""

import asyncio
import time
from collections.abc import Sequence

from benchmark.cpu_time import cpu_seconds, memory
from benchmark.part import Part
from benchmark.pipelines import SIGNALING, start_server
from benchmark.processes import Process, Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

PROGRAMS = 'benchmark.programs.signaling'

MANY = 1_000_000
ROOM = (
    *('--max-sockets', '10000', '--max-sockets-per-address', '10000'),
    *('--message-rate', str(MANY)),
)
'Options that allow the load from one address; every message is still checked.'

CONNECTING = 60.0
'Longest time, in seconds, for all peers to connect.'


async def start_probe(processes: Processes, url: str) -> Process:
    """Start a pair of peers that measure the delay of a message now and then."""
    probe = await processes.start('probe', f'{PROGRAMS}.relay_probe', '--server', url)
    await probe.line('^probing')
    return probe


async def measure_all(run: Run) -> list[Record]:
    """Measure relaying at full load, many peers at once, and idle sockets."""
    plan = run.plan

    async def relaying(processes: Processes) -> Record:
        url = await start_server(processes, *ROOM)
        probe = await start_probe(processes, url)
        await asyncio.sleep(plan.load_seconds / 2)
        start_ns = time.time_ns()
        arguments = ['--server', url, '--seconds', str(plan.load_seconds)]
        load = await processes.start('load', f'{PROGRAMS}.relay_load', *arguments)
        await load.line('^relaying')
        server = processes.running[SIGNALING].pid
        loaded_ns, before = time.time_ns(), cpu_seconds(server)
        messages = await load.result(CONNECTING)
        end_ns, used = time.time_ns(), cpu_seconds(server) - before
        samples = await probe.final_result()
        return {
            'messages': messages,
            'cores': used / (end_ns - loaded_ns) * 1e9,
            'idle_ms': [took for sent, took in samples if sent < start_ns],
            'loaded_ms': [took for sent, took in samples if loaded_ns <= sent < end_ns],
        }

    async def storm(processes: Processes) -> Record:
        url = await start_server(processes, *ROOM)
        probe = await start_probe(processes, url)
        senders, receivers = plan.storm
        arguments = ['--senders', str(senders), '--receivers', str(receivers), '--server', url]
        storm = await processes.start('storm', f'{PROGRAMS}.storm', *arguments)
        await storm.line('^all registered', CONNECTING)
        start_ns = time.time_ns()
        result: Record = await storm.result(CONNECTING)
        end_ns = time.time_ns()
        samples = await probe.final_result()
        probed = [took for sent, took in samples if start_ns <= sent < end_ns]
        return result | {'senders': senders, 'receivers': receivers, 'probe_ms': probed}

    async def idle(processes: Processes) -> Record:
        url = await start_server(processes, *ROOM)
        server = processes.running[SIGNALING]
        # Memory that is allocated with the first socket does not belong to a socket.
        await start_probe(processes, url)
        before = memory(server.pid)
        arguments = ['--number', str(plan.idle_sockets), '--server', url]
        sockets = await processes.start('sockets', f'{PROGRAMS}.idle_sockets', *arguments)
        await sockets.line('^all [0-9]+ registered', CONNECTING)
        await asyncio.sleep(plan.settle)
        used = (memory(server.pid) - before) / plan.idle_sockets
        return {'sockets': plan.idle_sockets, 'bytes': used}

    records = []
    for name, work in (('relaying', relaying), ('storm', storm), ('idle', idle)):
        record = await run.measured(f'signaling-{name}', work) | {'load': name}
        run.log(f'  {name}: {record.get("error") or short(record)}')
        records.append(record)
    return records


def short(record: Record) -> str:
    """Return a summary of one load."""
    if record['load'] == 'relaying':
        return f'{record["messages"]:.0f} messages a second'
    if record['load'] == 'storm':
        return f'{record["senders"] * record["receivers"]} sessions in {record["seconds"]:.2f} s'
    return f'{record["bytes"] / 1000:.1f} kB for each socket'


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    rows: list[Row] = []
    for record in records:
        rows += ROWS[record['load']](record)
    return [Table('one process, all checks on', ['signaling server'], rows)]


def of_relaying(record: Record) -> list[Row]:
    """Return the rows for full load."""
    return [
        Row('1 kB messages relayed in a second', [record['messages']], 0),
        Row('CPU meanwhile [cores]', [record['cores']], 2),
        Row(
            'delay of a message, p50 without other load [ms]',
            [percentile(record['idle_ms'], 50)],
            2,
        ),
        Row('p99 [ms]', [percentile(record['idle_ms'], 99)], 2),
        Row('p50 at full load [ms]', [percentile(record['loaded_ms'], 50)], 2),
        Row('p99 at full load [ms]', [percentile(record['loaded_ms'], 99)], 2),
    ]


def of_storm(record: Record) -> list[Row]:
    """Return the rows for many peers at once."""
    who = f'{record["senders"]} senders with {record["receivers"]} receivers each, all at once'
    messages = len(record['took_ms']) * (3 + 2 * record['candidates'])
    return [
        Row(f'{who}: until all have all [s]', [record['seconds']], 2),
        Row('messages a second', [messages / record['seconds']], 0),
        Row('of a session, p50 [ms]', [percentile(record['took_ms'], 50)], 0),
        Row('delay of a message of another pair meanwhile, p99 [ms]',
            [percentile(record['probe_ms'], 99)], 1),
    ]  # fmt: skip


def of_idle(record: Record) -> list[Row]:
    """Return the row for memory."""
    title = f'memory of each of {record["sockets"]:,} idle sockets that offer deflate [kB]'
    return [Row(title, [record['bytes'] / 1000], 1)]


ROWS = {'relaying': of_relaying, 'storm': of_storm, 'idle': of_idle}

SIGNALING_SERVER = Part('signaling', 'Signaling server under load', measure_all, tables)
