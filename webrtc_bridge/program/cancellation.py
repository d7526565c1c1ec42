"""
End tasks and finish cleanup, whatever becomes of a cancellation.

A cancellation can be lost: `asyncio.wait_for` of Python 3.11 returns its result instead where that
comes in the same moment (python/cpython#86296), and libraries use it. It can also come again, in
the middle of the cleanup after the first one. So nothing here awaits a task that was cancelled
just once, and nothing that cleans up is left halfway: in a `finally`, await these functions alone
(`test/test_cancellation.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

AGAIN = 0.2
'Seconds after which a task that still runs is cancelled once more.'

END_TIMEOUT = 5.0
'Seconds after which a task that does not end is left behind, with a line in the log.'

T = TypeVar('T')

logger = logging.getLogger(__name__)


async def end(*tasks: asyncio.Future[Any] | None, timeout: float = END_TIMEOUT) -> None:
    """
    Cancel `tasks`, again and again, until they are done; give up after `timeout` seconds.

    Their results and errors stay with them. If the caller is cancelled meanwhile, that takes
    effect at its next `await`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while running := {task for task in tasks if task and not task.done()}:
        left = deadline - loop.time()
        if left <= 0:
            logger.error('left behind, not ended in %.1f s: %s', timeout, running)
            break
        for task in running:
            task.cancel()
        await _wait(running, min(left, AGAIN))
    for ended in tasks:
        if ended and ended.done() and not ended.cancelled():
            ended.exception()  # asyncio would log at random times that nobody asked


async def finish(work: Awaitable[object], timeout: float = END_TIMEOUT) -> None:
    """
    Finish `work`, a piece of cleanup, although the caller is cancelled meanwhile.

    That takes effect at the caller's next `await`. After `timeout` seconds `work` is cancelled.

    Raises: whatever `work` raises.
    """
    task = asyncio.ensure_future(work)
    await _wait({task}, timeout)
    if not task.done():
        await end(task)
    if not task.cancelled():
        task.result()


async def within(work: Awaitable[T], seconds: float) -> T:
    """
    Return the result of `work`, or end it after `seconds`; unlike `asyncio.wait_for`.

    Raises: TimeoutError, and whatever `work` raises.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        await end(task)


async def _wait(tasks: set[asyncio.Future[Any]], timeout: float) -> None:
    """Wait until all `tasks` are done; put off a cancellation of the caller until after that."""
    caller = asyncio.current_task()
    assert caller is not None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    cancelled = False
    while any(not task.done() for task in tasks) and loop.time() < deadline:
        try:
            await asyncio.wait(tasks, timeout=deadline - loop.time())
        except asyncio.CancelledError:
            caller.uncancel()
            cancelled = True
    if cancelled:
        caller.cancel()
