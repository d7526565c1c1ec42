"""The time from setting `sender_id` to the first image of the other camera."""

from collections.abc import Sequence

from benchmark.part import Part
from benchmark.pipelines import start_receiver, start_sender, start_server
from benchmark.plan import HD, SMALL, Size
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

SIZES = (SMALL, HD)

LONGEST = 90.0
'Longest time, in seconds, for all switches.'


async def measure_all(run: Run) -> list[Record]:
    """Switch between two cameras, each time with a new session."""
    records = []
    for size in SIZES:

        async def work(processes: Processes, size: Size = size) -> Record:
            # The size distinguishes the cameras.
            rear = Size(size.width, size.height - 16)
            url = await start_server(processes)
            await start_sender(processes, url, 'front', size)
            await start_sender(processes, url, 'rear', rear, 'rear_sender')
            await start_receiver(processes, url, 'image_raw')
            switching = await processes.start(
                'switching',
                'benchmark.programs.ros.switch_camera',
                *('--cameras', f'front:{size.height}', f'rear:{rear.height}'),
                *('--switches', str(run.plan.switches)),
            )
            result: Record = await switching.result(LONGEST)
            return result

        record = await run.measured(f'switch-{size}', work) | {'size': str(size)}
        run.log(f'  {size}: {record.get("error") or short(record)}')
        records.append(record)
    return records


def short(record: Record) -> str:
    """Return a summary of one size."""
    return f'{percentile(record["switch_ms"], 50):.0f} ms, gap {max(record["gap_ms"]):.0f} ms'


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    switch, gap = ([record[key] for record in records] for key in ('switch_ms', 'gap_ms'))
    to_first = 'set_parameters to the first new image'
    between = 'longest time between two images of the topic meanwhile'
    rows = [
        Row(f'{to_first}, p50 [ms]', [percentile(each, 50) for each in switch]),
        Row('the longest [ms]', [max(each) for each in switch]),
        Row(f'{between}, p50 [ms]', [percentile(each, 50) for each in gap]),
        Row('the longest of all [ms]', [max(each) for each in gap]),
    ]
    return [Table('a new session for each switch', [record['size'] for record in records], rows)]


SWITCH = Part('switch', 'Switch of camera', measure_all, tables)
