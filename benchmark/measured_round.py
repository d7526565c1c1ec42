"""Start, measure and end one pipeline once."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmark.cpu_time import cpu_seconds
from benchmark.pipelines import Scene
from benchmark.processes import START_TIMEOUT, Process, Processes, SilentProgramError
from benchmark.run import Record, Run
from webrtc_bridge.errors import NoImagesError

SUBSCRIBER = 'subscriber'
'Role of the process that measures the time; it does not belong to any pipeline.'

Start = Callable[[Processes, Scene], Awaitable[None]]
Samples = Sequence[tuple[int, int | None]]


async def measure(
    run: Run,
    start: Start,
    scene: Scene,
    label: str,
    seconds: float,
    *,
    best_effort: bool = False,
    keep_memory: bool = False,
    patience: float = START_TIMEOUT,
) -> Record:
    """
    Start programs with `start`, and record the images of a subscriber for `seconds`.

    `window` is the start and end in Unix nanoseconds. `latencies_ms` are from capture to callback,
    in the order of arrival; `unreadable` is the number of images whose clock could not be read.
    `cores` is the CPU time per second, by the role of the process. The logs go into the folder of
    the run.
    """
    samples = run.folder / f'{label}.json'

    async def watched(processes: Processes) -> Record:
        subscriber = await start_subscriber(
            processes, [scene.topic], samples, best_effort, keep_memory
        )
        await start(processes, scene)
        await first_image(processes, subscriber, patience)
        await asyncio.sleep(run.plan.settle)
        start_ns, end_ns, cores = await used_cores(processes, seconds)
        await processes.end_all()
        subscriber.check_succeeded()
        (of_topic,) = read_samples(samples).values()
        latencies, unreadable = in_window(of_topic, start_ns, end_ns)
        return {
            'size': str(scene.size),
            'fps': scene.fps,
            'window': (start_ns, end_ns),
            'seconds': (end_ns - start_ns) / 1e9,
            'latencies_ms': latencies,
            'unreadable': unreadable,
            'cores': cores,
        }

    return await run.measured(label, watched)


async def start_subscriber(
    processes: Processes,
    topics: list[str],
    output: Path,
    best_effort: bool = False,
    keep_memory: bool = False,
) -> Process:
    """Start the program that measures the time; when it ends it writes to `output`."""
    arguments = ['--output', str(output), '--topics', *topics]
    arguments += ['--best-effort'] * best_effort + ['--keep-memory'] * keep_memory
    return await processes.start(SUBSCRIBER, 'benchmark.programs.ros.image_subscriber', *arguments)


def read_samples(file: Path) -> dict[str, Samples]:
    """Return what the subscriber has written, by topic, and remove the file."""
    samples: dict[str, Samples] = json.loads(file.read_text())
    file.unlink()
    return samples


async def first_image(
    processes: Processes, subscriber: Process, patience: float = START_TIMEOUT
) -> None:
    """Wait for an image on every topic. Raises: ProgramEndedError, NoImagesError."""
    try:
        await subscriber.line('^first image', patience)
    except SilentProgramError:
        processes.check_running()
        raise NoImagesError(patience, 'see the logs') from None


async def used_cores(processes: Processes, seconds: float) -> tuple[int, int, dict[str, float]]:
    """
    Watch the processes for `seconds`.

    Return the start and end in Unix nanoseconds, and the CPU time per second of each process.

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


def in_window(samples: Samples, start_ns: int, end_ns: int) -> tuple[list[float], int]:
    """
    Return the latencies in ms of the images in the window, and the number of unreadable ones.

    `samples` are the subscriber's: times of arrival and of capture. If an image arrives twice, the
    first time counts.
    """
    first: dict[int, int] = {}
    unreadable = 0
    for arrival_ns, capture_ns in samples:
        # An image that first arrived before the window is not new when it is repeated in it.
        if capture_ns is None:
            unreadable += start_ns <= arrival_ns < end_ns
        else:
            first.setdefault(capture_ns, arrival_ns)
    inside = [pair for pair in first.items() if start_ns <= pair[1] < end_ns]
    return [(arrival_ns - capture_ns) / 1e6 for capture_ns, arrival_ns in inside], unreadable
