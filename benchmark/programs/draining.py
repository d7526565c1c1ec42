"""Count the frames of viewers, and report the count over time."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

from benchmark.programs.report import report

INTERVAL = 0.1


class FrameCount:
    """Count the frames of `viewers`, and print a line when each has one."""

    def __init__(self, viewers: int) -> None:
        self._waiting = set(range(viewers))
        self._total = 0

    def add(self, viewer: int) -> None:
        """Note a frame of `viewer`."""
        self._total += 1
        if viewer in self._waiting:
            self._waiting.discard(viewer)
            if not self._waiting:
                print('all watch', flush=True)

    async def run(self) -> None:
        """Record the total at intervals until cancelled, then report the totals."""
        totals: list[tuple[int, int]] = []
        with reporting(totals):
            while True:
                totals.append((time.time_ns(), self._total))
                await asyncio.sleep(INTERVAL)


@contextlib.contextmanager
def reporting(totals: list[tuple[int, int]]) -> Iterator[None]:
    """Report `totals` at the end of the block."""
    try:
        yield
    finally:
        report(totals)
