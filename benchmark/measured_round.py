"""One pipeline, started, measured and ended once."""

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
'Role of the process that takes the time; it belongs to no pipeline.'

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
    Start programs with `start`, and return what a subscriber of their topic saw in `seconds`.

    `window` is when that was, in Unix nanoseconds. `latencies_ms` are from capture to callback, in
    the order of arrival; `unreadable` is the number of images whose clock could not be read.
    `cores` has the CPU time in each second, by the role of the process. The logs go into the run's
    folder.
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
    """Start the program that takes the time; at its end it writes to `output`."""
    arguments = ['--output', str(output), '--topics', *topics]
    arguments += ['--best-effort'] * best_effort + ['--keep-memory'] * keep_memory
    return await processes.start(SUBSCRIBER, 'benchmark.programs.ros.image_subscriber', *arguments)


def read_samples(file: Path) -> dict[str, Samples]:
    """Return what the subscriber has written, by topic; the file is removed."""
    samples: dict[str, Samples] = json.loads(file.read_text())
    file.unlink()
    return samples


async def first_image(
    processes: Processes, subscriber: Process, patience: float = START_TIMEOUT
) -> None:
    """Wait for it, on every topic. Raises: ProgramEndedError, NoImagesError."""
    try:
        await subscriber.line('^first image', patience)
    except SilentProgramError:
        processes.check_running()
        raise NoImagesError(patience, 'see the logs') from None


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


def in_window(samples: Samples, start_ns: int, end_ns: int) -> tuple[list[float], int]:
    """
    Return the latencies in ms of what arrived in between, and the number of unreadable images.

    `samples` are the subscriber's: times of arrival and of capture. Of an image that came twice
    the first counts.
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
