"""The time from `request_offer` to the first decoded picture."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from functools import partial

from benchmark.part import Part
from benchmark.pipelines import start_sender, start_server
from benchmark.plan import SMALL
from benchmark.processes import Processes
from benchmark.reporting.figures import percentile
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

SECONDS_EACH = 3.0
STOCK_SECONDS = 15.0
'For one connection with a dead STUN server.'

PLAIN, DEAD_STUN = 'no STUN server', 'a dead STUN server'


@contextlib.contextmanager
def dead_stun_server() -> Iterator[str]:
    """Yield the URL of a server that receives requests and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(('0.0.0.0', 0))
        yield f'stun:{own_address()}:{silent.getsockname()[1]}'


def own_address() -> str:
    """Return an address of this machine that its ICE candidates can reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('192.0.2.1', 9))  # nothing is sent
        except OSError:
            return '127.0.0.1'
        address: str = probe.getsockname()[0]
        return address


async def ours(run: Run, stun: str, processes: Processes) -> Record:
    """Connect repeatedly, each time with a new receiver."""
    url = await start_server(processes, *(['--ice-server', stun] if stun else []))
    sender = await start_sender(processes, url, 'front', SMALL)
    await sender.line('registered')
    number = run.plan.first_frames
    program = await processes.start(
        'receiver',
        'benchmark.programs.first_frames',
        *('--server', url, '--sender-id', 'front', '--number', str(number)),
    )
    return {'ms': await program.result(20.0 + SECONDS_EACH * number)}


async def stock(run: Run, stun: str, processes: Processes) -> Record:
    """Do the same with stock aiortc; only once if that takes 10 s."""
    number = 1 if stun else run.plan.first_frames
    servers = ['--ice-server', stun] if stun else []
    sender = await processes.start(
        'sender',
        'benchmark.programs.stock.sender',
        *('--width', str(SMALL.width), '--height', str(SMALL.height)),
        *('--codec', 'vp8', '--relayed', *servers),
    )
    port = (await sender.line(r'listening on ([0-9]+)'))[1]
    program = await processes.start(
        'receiver',
        'benchmark.programs.stock.first_frames',
        *('--port', port, '--number', str(number), *servers),
    )
    return {'ms': await program.result(20.0 + STOCK_SECONDS + SECONDS_EACH * number)}


WAYS = {'ours': ('ours', ours), 'stock_vp8': ('stock aiortc, VP8', stock)}


async def measure_all(run: Run) -> list[Record]:
    """Measure both ways, without and with a STUN server that does not answer."""
    records = []
    with dead_stun_server() as dead:
        for case, stun in ((PLAIN, ''), (DEAD_STUN, dead)):
            for name, (title, work) in WAYS.items():
                if stun and work is stock and not run.plan.stock_with_dead_stun:
                    continue
                label = f'first_frame-{"dead_stun" if stun else "plain"}-{name}'
                record = await run.measured(label, partial(work, run, stun))
                record |= {'way': name, 'case': case}
                run.log(f'  {title}, {case}: {record.get("error") or short(record)}')
                records.append(record)
    return records


def short(record: Record) -> str:
    """Return a summary of one case."""
    return f'p50 {percentile(record["ms"], 50):.0f} ms, p95 {percentile(record["ms"], 95):.0f} ms'


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    columns = [f'{WAYS[record["way"]][0]}, {record["case"]}' for record in records]
    rows = [
        Row('p50 [ms]', [percentile(record['ms'], 50) for record in records]),
        Row('p95 [ms]', [percentile(record['ms'], 95) for record in records]),
        Row('connections', [len(record['ms']) for record in records], 0),
    ]
    return [Table('640x480, everything on one machine', columns, rows)]


FIRST_FRAME = Part('first_frame', 'Time to the first picture', measure_all, tables)
