"""The CPU time of a receiver without a stream, or without subscribers."""

import asyncio
from collections.abc import Sequence

from benchmark.measured_round import used_cores
from benchmark.part import Part
from benchmark.pipelines import RECEIVER, start_receiver, start_sender, start_server
from benchmark.plan import SMALL
from benchmark.processes import Processes
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

SECONDS = 15.0
'Duration, because the CPU time is counted in steps of 10 ms.'


async def measure_all(run: Run) -> list[Record]:
    """Measure the receiver node alone, and with a sender but without subscribers."""

    async def work(processes: Processes) -> Record:
        url = await start_server(processes)
        receiver = await start_receiver(processes, url, 'image_raw')
        await receiver.line('registered')
        await asyncio.sleep(run.plan.settle)
        _, _, waiting = await used_cores(processes, SECONDS)
        await start_sender(processes, url, 'front', SMALL)
        await receiver.line('session with front connected')
        await asyncio.sleep(run.plan.settle)
        _, _, unwatched = await used_cores(processes, run.plan.seconds)
        return {'waiting': waiting[RECEIVER], 'unwatched': unwatched[RECEIVER]}

    record = await run.measured('idle', work)
    run.log(f'  {record.get("error") or record}')
    return [record]


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    record = records[0]
    rows = [
        Row('no sender', [record['waiting']], 4),
        Row('a stream of 640x480, no subscribers', [record['unwatched']], 4),
    ]
    return [Table('the receiver node', ['cores'], rows)]


IDLE = Part('idle', 'Receiver without work', measure_all, tables)
