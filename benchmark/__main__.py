"""
Measure this package against what else there is, on this machine, in one run.

Parts: {parts}.
"""

import argparse
import asyncio
import dataclasses
import sys
import time
from pathlib import Path

from benchmark import performance_page
from benchmark.machine import is_busy, machine
from benchmark.part import Part
from benchmark.parts import PARTS
from benchmark.pipelines import TITLES
from benchmark.plan import FULL, QUICK, Plan, Size
from benchmark.reporting.plots import save_plots
from benchmark.reporting.results import Results, new_folder
from benchmark.run import Run
from webrtc_bridge.commands.demo import require_all
from webrtc_bridge.errors import RequirementError, WebrtcBridgeError
from webrtc_bridge.program.lifetime import run

OUTPUT = performance_page.RUNS

PART_TIMEOUT = 600.0
'Seconds after which a part that hangs is given up; each wait inside has a shorter deadline.'


class MeasurementsFailedError(WebrtcBridgeError):
    """Some measurements brought nothing; what did is in the results in `folder`."""

    exit_status = 1

    def __init__(self, errors: list[str], folder: Path) -> None:
        super().__init__(errors, folder)
        self.errors = errors
        self.folder = folder

    def __str__(self) -> str:
        listed = '\n  '.join(self.errors)
        return f'{len(self.errors)} measurements failed, logs in {self.folder}:\n  {listed}'


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    given = parser().parse_args(arguments)
    wanted = plan(given)
    chosen = [part for part in PARTS if part.name in (given.parts or default_parts(given))]
    return run(lambda: benchmark(wanted, chosen, given.output, given.docs))


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    names = [part.name for part in PARTS]
    description = (__doc__ or '').format(parts=', '.join(names))
    made = argparse.ArgumentParser('python -m benchmark', description=description)
    made.add_argument(
        'parts', nargs='*', type=part_name, metavar='PART', help='some of them, in their order'
    )
    made.add_argument('--quick', action='store_true', help='a short run: under 1 minute')
    made.add_argument(
        '--long', action='store_true', help='with the minutes of the most demanding pictures too'
    )
    made.add_argument(
        '--sizes', nargs='+', type=Size.parse, metavar='WxH', help='such as 1920x1080'
    )
    made.add_argument('--pipelines', nargs='+', choices=list(TITLES), help='of `latency`')
    made.add_argument(
        '--rounds', type=count, metavar='N', help='how often each pipeline is measured'
    )
    made.add_argument('--seconds', type=duration, metavar='S', help='length of one measurement')
    made.add_argument('--docs', action='store_true', help='write docs/performance.md anew')
    made.add_argument('--output', type=Path, default=OUTPUT, help='default: %(default)s')
    return made


def part_name(text: str) -> str:
    """Return the name of a part. Raises: ValueError."""
    if text not in [part.name for part in PARTS]:
        raise ValueError(text)
    return text


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
        **{
            name: value
            for name in ('sizes', 'pipelines', 'rounds', 'seconds')
            if (value := getattr(given, name)) is not None
        },
    )


def default_parts(given: argparse.Namespace) -> list[str]:
    """Return the parts that run when none is named."""
    parts = list((QUICK if given.quick else FULL).parts)
    return [*parts, 'sustained'] if given.long else parts


async def benchmark(plan: Plan, parts: list[Part], output: Path, docs: bool) -> None:
    """
    Carry out `plan`, print the tables, and save all results in a new folder in `output`.

    Raises: RequirementError, MeasurementsFailedError.
    """
    require_linux()
    require_all()
    folder = new_folder(output)
    measuring = Run(plan, folder)
    if is_busy():
        measuring.tell('note: other programs use this machine, the results will be noisy')
    results = Results(dataclasses.asdict(plan), machine())
    start = time.monotonic()
    for part in parts:
        measuring.tell(f'{part.title} ({part.name})')
        results.parts[part.name] = await records_of(part, measuring)
    results.seconds = time.monotonic() - start
    results.save(folder)
    if save_plots(results, folder) is None:
        measuring.tell('note: no plots, matplotlib is not installed')
    print(results.markdown(), flush=True)
    measuring.tell(f'saved in {folder}')
    if docs:
        performance_page.write(results, folder)
    if results.errors:
        raise MeasurementsFailedError(results.errors, folder)


async def records_of(part: Part, measuring: Run) -> list[dict[str, object]]:
    """Return what `part` brought; if it hangs, or a file is not there, the error."""
    try:
        async with asyncio.timeout(PART_TIMEOUT):
            return await part.measure(measuring)
    except TimeoutError:
        return [{'error': f'not done in {PART_TIMEOUT:.0f} s'}]
    except OSError as error:
        return [{'error': str(error)}]


def require_linux() -> None:
    """Raise RequirementError where /proc does not tell what processes use."""
    stat = Path('/proc/self/stat')
    if not stat.exists():
        raise RequirementError(str(stat), None, 'Linux', 'nothing else tells the CPU time here')


if __name__ == '__main__':
    sys.exit(main())
