"""The CPU time of a sender for each viewer of one camera."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmark.measured_round import used_cores
from benchmark.part import Part
from benchmark.pipelines import (
    SENDER,
    missing,
    require_webrtcbin,
    sender_arguments,
    start_server,
)
from benchmark.plan import FPS, SMALL
from benchmark.processes import Processes
from benchmark.reporting.figures import slope
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

VIEWERS_OF = 'viewers'
'Prefix of the roles of programs of viewers.'

AddViewers = Callable[[int], Awaitable[None]]
'Starts this number of additional viewers, and returns once each has a frame.'


async def start_ours(processes: Processes, module: str, *arguments: str) -> AddViewers:
    """Start one of our senders."""
    url = await start_server(processes)
    wanted = sender_arguments(url, 'front', SMALL, FPS)
    await processes.start(SENDER, module, *wanted, *arguments)

    async def add(number: int) -> None:
        await drained(processes, 'drain_viewers', number, '--server', url, '--sender-id', 'front')

    return add


async def start_stock(processes: Processes, codec: str) -> AddViewers:
    """Start stock aiortc with its MediaRelay."""
    sender = await processes.start(
        SENDER,
        'benchmark.programs.stock.sender',
        *('--width', str(SMALL.width), '--height', str(SMALL.height)),
        *('--codec', codec, '--relayed'),
    )
    port = (await sender.line(r'listening on ([0-9]+)'))[1]

    async def add(number: int) -> None:
        await drained(processes, 'stock.drain_viewers', number, '--port', port)

    return add


async def drained(processes: Processes, module: str, number: int, *arguments: str) -> None:
    """Start a program of `number` viewers, and wait until each has a frame."""
    role = f'{VIEWERS_OF}{len(processes.running)}'
    count = ['--viewers', str(number)]
    program = await processes.start(role, f'benchmark.programs.{module}', *arguments, *count)
    await program.line('^all watch')


@dataclass(frozen=True)
class Way:
    """A sender; `is_ours` is measured with more viewers."""

    name: str
    title: str
    start: Callable[[Processes], Awaitable[AddViewers]]
    is_ours: bool = True
    require: Callable[[], None] = lambda: None


WAYS = (
    Way('ours', 'ours', partial(start_ours, module='webrtc_bridge.commands.webcam')),
    Way(
        'gstreamer',
        'ours with GStreamer: a tee and one webrtcbin for each',
        lambda processes: start_ours(
            processes, 'webrtc_bridge.commands.gstreamer', '--encoder', 'x264enc'
        ),
        is_ours=False,
        require=require_webrtcbin,
    ),
    Way(
        'stock_vp8',
        'stock aiortc with MediaRelay, VP8',
        partial(start_stock, codec='vp8'),
        is_ours=False,
    ),
    Way(
        'stock_h264',
        'stock aiortc with MediaRelay, H.264',
        partial(start_stock, codec='h264'),
        is_ours=False,
    ),
)


async def measure_all(run: Run) -> list[Record]:
    """Measure each sender with a growing number of viewers."""
    records: list[Record] = []
    for way in WAYS:
        counts = run.plan.viewers if way.is_ours else run.plan.stock_viewers
        if reason := missing(way.require):
            records.append({'pipeline': way.name, 'missing': reason})
        elif counts:
            work = partial(measure_way, run, way, counts)
            record = await run.measured(f'viewers-{way.name}', work)
            record |= {'way': way.name}
            run.log(f'  {way.title}: {record.get("error") or short(record)}')
            records.append(record)
    return records


async def measure_way(run: Run, way: Way, counts: Sequence[int], processes: Processes) -> Record:
    """Return the cores that the sender needs for each of `counts` viewers."""
    add = await way.start(processes)
    present = 0
    cores, windows = [], []
    for count in counts:
        await add(count - present)
        present = count
        await asyncio.sleep(run.plan.settle)
        start_ns, end_ns, used = await used_cores(processes, run.plan.seconds)
        cores.append(used[SENDER])
        windows.append((start_ns, end_ns))
    running = processes.running.items()
    programs = [program for role, program in running if role.startswith(VIEWERS_OF)]
    totals = [await program.final_result() for program in programs]
    fps = [
        frames_in(totals, *window) / count for window, count in zip(windows, counts, strict=True)
    ]
    return {'viewers': list(counts), 'cores': cores, 'fps': fps}


def frames_in(totals: Sequence[Sequence[tuple[int, int]]], start_ns: int, end_ns: int) -> float:
    """Return the frames per second in a window, of all programs that report their totals."""
    frames = 0
    for of_program in totals:
        until_start = max((total for at, total in of_program if at <= start_ns), default=0)
        frames += max((total for at, total in of_program if at <= end_ns), default=0) - until_start
    return frames / (end_ns - start_ns) * 1e9


def short(record: Record) -> str:
    """Return a summary of one sender."""
    return f'{record["cores"][0]:.3f} cores, each further {further(record) or 0:.4f}'


def further(record: Record) -> float | None:
    """Return the cores per further viewer."""
    return slope(zip(record['viewers'], record['cores'], strict=True))


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    counts = sorted({count for record in records for count in record['viewers']})
    rows = []
    for record in records:
        title = next(way.title for way in WAYS if way.name == record['way'])
        by_count = dict(
            zip(record['viewers'], zip(record['cores'], record['fps'], strict=True), strict=True)
        )
        pairs = [by_count.get(count, (None, None)) for count in counts]
        rows.append(Row(f'{title} [cores]', [*(used for used, _ in pairs), further(record)], 3))
        rows.append(Row('images a second of each viewer', [*(fps for _, fps in pairs), None], 1))
    columns = [f'{count} viewer{"s" * (count > 1)}' for count in counts]
    return [Table('CPU of the sender', [*columns, 'each further viewer'], rows)]


VIEWERS = Part('viewers', 'Viewers of one 640x480 camera', measure_all, tables)
