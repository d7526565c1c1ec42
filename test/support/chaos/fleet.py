"""A server, three senders and four receivers, of which each program can be started again."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from support.browser.chromium import Page
from support.browser.pictures import frames, tile
from support.links.udp_relay import UdpRelay
from support.programs import Program
from support.resources import Resources
from support.ros.images import ImageSubscriber
from support.wall_clock import ShimmedClock

POLL = 0.1
PICTURES = 5
'So many new pictures show that a receiver has its video back.'

RETURNED = 30.0
'Seconds after which what ended sessions held is given back: the longest a negotiation may take.'

LATEST = 2.0
'Deadlines by which a machine full of other programs may make a deadline later.'

SPARE = Resources(memory=40.0, files=4, threads=8)
"""
Additional resources that a program may hold, whatever happened: buffers and malloc's reserve
(MiB), files of a connection attempt, threads of asyncio and rclpy that start once needed.
"""


class Member:
    """
    A program of the fleet; `start` runs it, the first time and after it was ended.

    `clock` is that of the program. `ours` is false for those that only tests have: they need not
    obey signals.
    """

    def __init__(
        self,
        name: str,
        clock: ShimmedClock,
        start: Callable[..., Awaitable[Program]],
        *,
        ours: bool = True,
    ) -> None:
        self.name = name
        self.clock = clock
        self.ours = ours
        self.program: Program
        self._start = start
        self._settled: Resources | None = None

    async def run(self) -> None:
        """Start it, or start it again."""
        self.program = await self._start(**self.clock.environment)

    @property
    def pid(self) -> int:
        return self.program.process.pid

    @property
    def resources(self) -> Resources:
        return Resources.of(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.program.process.send_signal(number)

    async def check_resources(self) -> None:
        """
        Wait until it holds what it held when its video first ran, or fail.

        The first call notes what that is; a program that was started again needs no more.
        """
        if self._settled is None:
            self._settled = self.resources
        most, end = self._settled, time.monotonic() + RETURNED
        while not is_within(most, now := self.resources):
            assert time.monotonic() < end, f'{self.name} holds {now}, and {most} before'
            await asyncio.sleep(POLL)


def is_within(most: Resources, now: Resources) -> bool:
    return (
        now.files <= most.files + SPARE.files
        and now.threads <= most.threads + SPARE.threads
        and now.memory <= most.memory + SPARE.memory
    )


def without_core(pids: Iterable[int]) -> float:
    """
    Return the seconds in which a thread of each process could run, and had no core.

    Of each process it is the thread that waited longest; a picture passes all of them in turn.
    """
    return sum(max(map(_waited, Path('/proc', str(pid), 'task').iterdir())) for pid in pids)


def _waited(task: Path) -> float:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        return int((task / 'schedstat').read_text().split()[1]) / 1e9
    return 0.0


Count = Callable[[], Awaitable[int]]
'Returns how many pictures there were; a number that may start again at 0.'


@dataclass
class Receiving:
    """One receiver's video."""

    name: str
    count: Count

    async def wait_for_pictures(self, allowed: Callable[[], float]) -> float:
        """Wait for some new pictures; return the seconds that it took."""
        started, before = time.monotonic(), await self.count()
        while (now := await self.count()) < before + PICTURES:
            before = min(before, now)
            elapsed = time.monotonic() - started
            assert elapsed < allowed(), f'{self.name} has no video after {elapsed:.1f} s'
            await asyncio.sleep(POLL)
        return time.monotonic() - started


@dataclass
class Fleet:
    """All of them, and the relay between one receiver and its sender."""

    members: dict[str, Member]
    receiving: list[Receiving]
    relay: UdpRelay
    server_url: str
    visitor: dict[str, str]
    'Environment of a program that comes to the server: its token, and the CA.'
    saver = 'receiver_node'
    'The member that saves calibrations.'

    async def check(self, deadline: float) -> float:
        """
        Check that every picture is back within `deadline` seconds, and nothing is left behind.

        Return the seconds that the last receiver took.
        """
        # This process publishes the images, and subscribes to them.
        pids = [os.getpid(), *(member.pid for member in self.members.values())]
        before = without_core(pids)

        def allowed() -> float:
            """Return the deadline, later by the time in which programs had no core."""
            late = max(0.0, without_core(pids) - before)
            return deadline + min(late, LATEST * deadline)

        waits = (receiving.wait_for_pictures(allowed) for receiving in self.receiving)
        longest = max(await asyncio.gather(*waits))
        for member in self.members.values():
            await member.check_resources()
            assert member.program.process.returncode is None, f'{member.name} has ended'
            assert 'Traceback' not in member.program.output, member.program.output
        return longest


async def pictures_of_program(program: Program) -> int:
    """Return how many pictures the receiver in `peers/viewing.py` has."""
    assert program.process.stdin
    asked = len(program.lines)
    program.process.stdin.write(b'\n')
    return int((await program.line(r'pictures: (\d+)', after=asked))[1])


async def pictures_of_topic(subscriber: ImageSubscriber) -> int:
    return len(subscriber.images)


async def pictures_of_page(page: Page, sender_id: str) -> int:
    """Return how many pictures the viewer page's present video has shown."""
    if not await page.value(f"!!document.querySelector('{tile(sender_id)} video')"):
        return 0
    return await frames(page, sender_id)
