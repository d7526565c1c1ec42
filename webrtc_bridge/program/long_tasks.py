"""
Watch tasks that run as long as their program.

Nobody awaits such a task, so asyncio logs its error when the garbage collector finds it, or never,
and what it did is missing from then on. Each is run by one of these functions, or awaited.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from webrtc_bridge.program.cancellation import end

RESTART_DELAY = 1.0
'Seconds before a task that has failed is started again.'

logger = logging.getLogger(__name__)


async def keep_running(name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Await `work()`; log its failure, the same one once in a row, and start it again."""
    logged = ''
    while True:
        try:
            await work()
        except Exception as error:
            if logged != repr(error):
                logged = repr(error)
                logger.exception('%s failed, and is started again', name)
        else:
            return
        await asyncio.sleep(RESTART_DELAY)


async def run_together(*works: Coroutine[Any, Any, object]) -> None:
    """
    Run `works`, each in a task of its own, until one of them ends; then end the others.

    Raises: the error of the first of them that has one.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
