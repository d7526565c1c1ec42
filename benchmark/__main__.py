"""Measure capture-to-topic latency, frame rate and CPU of ours and of stock aiortc, in turns."""

import argparse
import dataclasses
import sys
from pathlib import Path

from benchmark.figures import latency
from benchmark.machine import is_busy, machine
from benchmark.measured_round import MeasuredRound, measure
from benchmark.pipelines import PIPELINES, Pipeline
from benchmark.plan import FULL, QUICK, Plan, Size
from benchmark.processes import ROOT
from benchmark.results import Results, new_folder
from webrtc_bridge.demo import require_all
from webrtc_bridge.errors import RequirementError, WebrtcBridgeError
from webrtc_bridge.program import run

OUTPUT = ROOT / 'build' / 'bench'


class RoundsFailedError(WebrtcBridgeError):
    """Some rounds brought nothing; what did is in the results in `folder`."""

    exit_status = 1

    def __init__(self, count: int, folder: Path) -> None:
        super().__init__(count, folder)
        self.count = count
        self.folder = folder

    def __str__(self) -> str:
        return f'{self.count} rounds failed, their logs are in {self.folder}'


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    given = parser().parse_args(arguments)
    names = given.pipelines or [pipeline.name for pipeline in PIPELINES]
    pipelines = [pipeline for pipeline in PIPELINES if pipeline.name in names]
    return run(lambda: benchmark(plan(given), pipelines, given.output))


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser('python -m benchmark', description=__doc__)
    made.add_argument('--quick', action='store_true', help='one short round: under 1 minute')
    made.add_argument(
        '--sizes', nargs='+', type=Size.parse, metavar='WxH', help='such as 1920x1080'
    )
    made.add_argument('--pipelines', nargs='+', choices=[pipeline.name for pipeline in PIPELINES])
    made.add_argument(
        '--rounds', type=count, metavar='N', help='how often each pipeline is measured'
    )
    made.add_argument('--seconds', type=duration, metavar='S', help='length of one measurement')
    made.add_argument(
        '--fair-dds',
        action='store_true',
        help='give stock aiortc the shared memory that ours gives itself',
    )
    made.add_argument(
        '--best-effort', action='store_true', help='subscribe so, instead of reliably'
    )
    made.add_argument('--output', type=Path, default=OUTPUT, help='default: %(default)s')
    return made


def count(text: str) -> int:
    """Return a number of rounds. Raises: ValueError."""
    number = int(text)
    if not 1 <= number <= 1000:
        raise ValueError(text)
    return number


def duration(text: str) -> float:
    """Return a time in seconds. Raises: ValueError."""
    seconds = float(text)
    if not 0.1 <= seconds <= 3600:
        raise ValueError(text)
    return seconds


def plan(given: argparse.Namespace) -> Plan:
    """Return the plan that the command line asks for."""
    return dataclasses.replace(
        QUICK if given.quick else FULL,
        fair_dds=given.fair_dds,
        best_effort=given.best_effort,
        **{
            name: value
            for name in ('sizes', 'rounds', 'seconds')
            if (value := getattr(given, name)) is not None
        },
    )


async def benchmark(plan: Plan, pipelines: list[Pipeline], output: Path) -> None:
    """
    Carry out `plan`, print the table, and save all results in a new folder in `output`.

    Raises: RequirementError, RoundsFailedError.
    """
    require_linux()
    require_all()
    folder = new_folder(output)
    if is_busy():
        tell('note: other programs use this machine, the results will be noisy')
    results = Results(plan, machine())
    for size in plan.sizes:
        for number in range(1, plan.rounds + 1):
            for pipeline in pipelines:
                measured = await measure(pipeline, size, plan, number, folder)
                tell(f'{size} {number}/{plan.rounds} {pipeline.title}: {in_short(measured)}')
                results.rounds.append(measured)
    results.save(folder)
    print(results.markdown(), flush=True)
    tell(f'saved in {folder}')
    if results.errors:
        raise RoundsFailedError(len(results.errors), folder)


def require_linux() -> None:
    """Raise RequirementError where /proc does not tell what processes use."""
    stat = Path('/proc/self/stat')
    if not stat.exists():
        raise RequirementError(str(stat), None, 'Linux', 'nothing else tells the CPU time here')


def in_short(measured: MeasuredRound) -> str:
    """Return one round in one line."""
    if measured.error:
        return measured.error
    p50 = latency(50)([measured])
    shown = f'{p50:.1f} ms' if p50 is not None else 'no latency'
    return f'{shown}, {measured.arrived / measured.seconds:.1f} fps'


def tell(line: str) -> None:
    """Say how it goes, without disturbing the table on stdout."""
    print(line, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
