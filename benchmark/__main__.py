"""
Compare this package with stock aiortc and GStreamer, on this machine, in one run.

Parts: {parts}.
"""

import argparse
import asyncio
import dataclasses
import sys
import time
from pathlib import Path

from benchmark import performance_page
from benchmark.links.cases import CASES
from benchmark.links.ends import COLUMNS
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


class MeasurementsFailedError(WebrtcBridgeError):
    """Some measurements failed; the results of the others are in `folder`."""

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
    options = parser().parse_args(arguments)
    wanted = plan(options)
    chosen = [part for part in PARTS if part.name in (options.parts or default_parts(options))]
    return run(lambda: benchmark(wanted, chosen, options.output, options.docs))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    names = [part.name for part in PARTS]
    description = (__doc__ or '').format(parts=', '.join(names))
    made = argparse.ArgumentParser('python -m benchmark', description=description)
    made.add_argument(
        'parts',
        nargs='*',
        type=part_name,
        metavar='PART',
        help='parts to run, in a fixed order',
    )
    made.add_argument('--quick', action='store_true', help='a short run of less than a minute')
    made.add_argument(
        '--long', action='store_true', help='include the minutes of the most demanding pictures'
    )
    made.add_argument(
        '--sizes',
        nargs='+',
        type=Size.parse,
        metavar='WxH',
        help='picture sizes, such as 1920x1080',
    )
    made.add_argument(
        '--pipelines', nargs='+', choices=list(TITLES), help='pipelines of the part latency'
    )
    made.add_argument(
        '--links', nargs='+', choices=[case.name for case in CASES], help='cases of the part links'
    )
    made.add_argument(
        '--link-ends',
        nargs='+',
        choices=[ends.name for ends in COLUMNS],
        help='senders and viewers of the part links',
    )
    made.add_argument('--rounds', type=count, metavar='N', help='measurements of each pipeline')
    made.add_argument('--seconds', type=duration, metavar='S', help='duration of one measurement')
    made.add_argument('--docs', action='store_true', help='update docs/performance.md')
    made.add_argument(
        '--output', type=Path, default=OUTPUT, help='folder of the results (default: %(default)s)'
    )
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


def plan(options: argparse.Namespace) -> Plan:
    """Return the plan for the command line."""
    return dataclasses.replace(
        QUICK if options.quick else FULL,
        **{
            name: value
            for name in ('sizes', 'pipelines', 'links', 'link_ends', 'rounds', 'seconds')
            if (value := getattr(options, name)) is not None
        },
    )


def default_parts(options: argparse.Namespace) -> list[str]:
    """Return the parts that run if none is named."""
    parts = list((QUICK if options.quick else FULL).parts)
    return [*parts, 'sustained'] if options.long else parts


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
        measuring.log('note: other programs are using this machine; the results will be noisy')
    results = Results(dataclasses.asdict(plan), machine())
    start = time.monotonic()
    for part in parts:
        measuring.log(f'{part.title} ({part.name})')
        results.parts[part.name] = await records_of(part, measuring)
    results.seconds = time.monotonic() - start
    results.save(folder)
    if save_plots(results, folder) is None:
        measuring.log('note: no plots, because matplotlib is not installed')
    print(results.markdown(), flush=True)
    measuring.log(f'saved in {folder}')
    if docs:
        performance_page.write(results, folder)
    if results.errors:
        raise MeasurementsFailedError(results.errors, folder)


async def records_of(part: Part, measuring: Run) -> list[dict[str, object]]:
    """Return the records of `part`, or an error if it hangs or a file is missing."""
    try:
        async with asyncio.timeout(part.timeout):
            return await part.measure(measuring)
    except TimeoutError:
        return [{'error': f'not finished within {part.timeout:.0f} s'}]
    except OSError as error:
        return [{'error': str(error)}]


def require_linux() -> None:
    """Raise RequirementError if /proc does not report the CPU time of processes."""
    stat = Path('/proc/self/stat')
    if not stat.exists():
        raise RequirementError(str(stat), None, 'Linux', 'CPU times are read from it')


if __name__ == '__main__':
    sys.exit(main())
