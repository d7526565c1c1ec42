"""
Turns at making webrtcbins, and the ends of sessions whose webrtcbin is in the middle of one.

A webrtcbin that is stopped while it describes itself keeps its ICE agent now and then, with nine
open files: once in fifty times (1.22, libnice 0.1.21), and never in 1,200 once it had answered. On
a busy machine its answer takes seconds, for which no session waits. Only a few are in the middle
of something at once: who leaves before its turn has cost nothing, so newcomers have theirs soon.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from webrtc_bridge.program.cancellation import end

MOST_TURNS = 8
'Webrtcbins that make or take a description at once; that is work for the processor alone.'

logger = logging.getLogger(__name__)


class Departures:
    """
    Own the ends of sessions, whoever waits for them. Belongs to the event loop.

    `turns` are shared by those that come and those that leave, so no more than that are in the
    middle of something.
    """

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(MOST_TURNS)
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Return the number of ends that go on."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[None]:
        """Let the end of a session go on in a task, which logs its failure."""
        task = asyncio.create_task(run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Wait for none of them any more: all elements are about to be stopped."""
        await end(*self._tasks)


class Turn:
    """One of `turns`, for one viewer. Belongs to the event loop."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._has_it = False

    async def take(self) -> None:
        """Wait for a turn, unless this has one."""
        if not self._has_it:
            await self._turns.acquire()
            self._has_it = True

    def pass_on(self) -> None:
        """Let another have it; idempotent."""
        if self._has_it:
            self._has_it = False
            self._turns.release()


async def run(work: Coroutine[Any, Any, object]) -> None:
    """Run the end of a session, and log its failure."""
    try:
        await work
    except Exception:
        logger.exception('the connection to a viewer could not be closed')
