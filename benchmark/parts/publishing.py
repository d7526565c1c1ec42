"""The CPU time of publishing an image in different ways."""

from collections.abc import Sequence

from benchmark.measured_round import start_subscriber
from benchmark.part import Part
from benchmark.plan import FULL_HD, HD, SMALL
from benchmark.processes import Processes
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

TOPIC = 'published'
LONGEST = 60.0


async def measure_all(run: Run) -> list[Record]:
    """Measure all ways in one process, in turns."""
    sizes = [size for size in (SMALL, HD, FULL_HD) if size in run.plan.sizes] or [SMALL]

    async def work(processes: Processes) -> Record:
        await start_subscriber(processes, [TOPIC], run.folder / 'published.json')
        publishing = await processes.start(
            'publisher',
            'benchmark.programs.ros.publish_images',
            *('--topic', TOPIC, '--messages', str(run.plan.messages), '--sizes', *map(str, sizes)),
        )
        return {'ways': await publishing.result(LONGEST)}

    record = await run.measured('publishing', work)
    if 'error' in record:
        run.log(f'  {record["error"]}')
    return [record]


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    ways = records[0]['ways']
    sizes = list(dict.fromkeys(way['size'] for way in ways))
    titles = dict.fromkeys(way['way'] for way in ways)
    by = {(way['way'], way['size']): way for way in ways}
    rows = [Row(title, [by[title, size]['cpu_ms'] for size in sizes], 2) for title in titles]
    return [Table('CPU of the publishing process for each message [ms]', sizes, rows)]


PUBLISHING = Part('publishing', 'Publishing an image', measure_all, tables)
