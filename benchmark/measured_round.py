"""One pipeline, started, measured and ended once."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.cpu_time import cpu_seconds
from benchmark.pipelines import Pipeline, Scene
from benchmark.plan import Plan, Size
from benchmark.processes import START_TIMEOUT, Process, Processes, SilentProgramError
from webrtc_bridge.errors import NoImagesError, WebrtcBridgeError

SUBSCRIBER = 'subscriber'
'Role of the process that takes the time; it belongs to no pipeline.'

DOMAINS = range(1, 102)
'Ids above 101 reach into the ports that Linux hands out to others.'


@dataclass(frozen=True)
class MeasuredRound:
    """What one round of a pipeline brought; `error` says why it brought nothing."""

    pipeline: str
    size: str
    number: int
    seconds: float = 0.0

    latencies_ms: list[float] = field(default_factory=list)
    'From capture to callback, in the order of arrival; of an image that came twice, the first.'

    unreadable: int = 0
    'Images whose clock could not be read: they arrived, nobody knows when they were captured.'

    cores: dict[str, float] = field(default_factory=dict)
    'CPU time in each second, by the role of the process.'

    error: str = ''

    @property
    def arrived(self) -> int:
        """How many different images arrived."""
        return len(self.latencies_ms) + self.unreadable


async def measure(
    pipeline: Pipeline, size: Size, plan: Plan, number: int, folder: Path
) -> MeasuredRound:
    """Run `pipeline` once; its logs and the subscriber's samples go into `folder`."""
    label = f'{size}-{number}-{pipeline.name}'
    samples = folder / f'{label}.json'
    # A graph and a topic of its own: whatever else runs here is neither seen nor disturbed.
    domain = random.choice(DOMAINS)
    scene = Scene(size, f'benchmark_{time.time_ns()}', plan.fair_dds)
    try:
        async with Processes(folder, label, domain) as processes:
            subscriber = await start_subscriber(processes, scene.topic, samples, plan.best_effort)
            await pipeline.start(processes, scene)
            await first_image(processes, subscriber)
            await asyncio.sleep(plan.settle)
            start_ns, end_ns, cores = await used_cores(processes, plan.seconds)
        # It has written its samples at its end.
        subscriber.check_succeeded()
    except WebrtcBridgeError as error:
        return MeasuredRound(pipeline.name, str(size), number, error=f'{error} ({label})')
    seconds = (end_ns - start_ns) / 1e9
    latencies, unreadable = in_window(json.loads(samples.read_text()), start_ns, end_ns)
    samples.unlink()
    return MeasuredRound(pipeline.name, str(size), number, seconds, latencies, unreadable, cores)


async def start_subscriber(
    processes: Processes, topic: str, output: Path, best_effort: bool
) -> Process:
    """Start the program that takes the time; at its end it writes to `output`."""
    arguments = ['--topic', topic, '--output', str(output)]
    if best_effort:
        arguments.append('--best-effort')
    return await processes.start(SUBSCRIBER, 'benchmark.image_subscriber', *arguments)


async def first_image(processes: Processes, subscriber: Process) -> None:
    """Wait for it. Raises: ProgramEndedError, NoImagesError."""
    try:
        await subscriber.line('^first image')
    except SilentProgramError:
        processes.check_running()
        raise NoImagesError(START_TIMEOUT, 'see the logs') from None


async def used_cores(processes: Processes, seconds: float) -> tuple[int, int, dict[str, float]]:
    """
    Watch the processes for `seconds`.

    Returns when that was, in Unix nanoseconds, and the CPU time of each in each second.

    Raises: ProgramEndedError.
    """
    processes.check_running()
    before = {role: cpu_seconds(process.pid) for role, process in processes.running.items()}
    start_ns, start = time.time_ns(), time.monotonic()
    await asyncio.sleep(seconds)
    processes.check_running()
    end_ns, elapsed = time.time_ns(), time.monotonic() - start
    cores = {
        role: (cpu_seconds(processes.running[role].pid) - used) / elapsed
        for role, used in before.items()
    }
    return start_ns, end_ns, cores


def in_window(
    samples: Sequence[tuple[int, int | None]], start_ns: int, end_ns: int
) -> tuple[list[float], int]:
    """
    Return the latencies in ms of what arrived in between, and the number of unreadable images.

    `samples` are the subscriber's: times of arrival and of capture.
    """
    first: dict[int, int] = {}
    unreadable = 0
    for arrival_ns, capture_ns in samples:
        # An image from before the window that comes again inside it is not new.
        if capture_ns is None:
            unreadable += start_ns <= arrival_ns < end_ns
        else:
            first.setdefault(capture_ns, arrival_ns)
    inside = [pair for pair in first.items() if start_ns <= pair[1] < end_ns]
    return [(arrival_ns - capture_ns) / 1e6 for capture_ns, arrival_ns in inside], unreadable
