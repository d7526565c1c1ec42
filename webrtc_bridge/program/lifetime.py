"""Run a coroutine as a program: signals end it, errors become one line and an exit status."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from webrtc_bridge.errors import WebrtcBridgeError
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.log_lines import BoundedHandler, SafeFormatter
from webrtc_bridge.program.long_tasks import keep_running
from webrtc_bridge.program.malloc_trim import trim_periodically

SHUTDOWN_TIMEOUT = 2.5
'Seconds that a program may take to stop after a signal; `ros2 launch` kills it after 5.'

LOG_LEVELS = {
    'debug': logging.DEBUG,
    'info': logging.INFO,
    'warn': logging.WARNING,
    'error': logging.ERROR,
}

logger = logging.getLogger(__name__)


def configure_logging(level: str) -> None:
    """Log to stderr, from the level named `level` in `LOG_LEVELS`."""
    numeric = LOG_LEVELS[level]
    layout = '[%(levelname)s] %(asctime)s %(name)s: %(message)s'
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter(layout))
    logging.basicConfig(level=numeric, handlers=[BoundedHandler(handler)])
    for library in ('aioice', 'aiortc', 'aiohttp', 'websockets', 'libav'):
        logging.getLogger(library).setLevel(max(numeric, logging.WARNING))


NewLoop = Callable[[], asyncio.AbstractEventLoop]


def fast_loop() -> asyncio.AbstractEventLoop:
    """
    Return uvloop's event loop where it is installed, otherwise asyncio's.

    For programs that relay text: the signaling server relays 1.5 times as many messages with it.
    Programs that send or receive video gain nothing.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run(main: Callable[[], Coroutine[Any, Any, None]], new_loop: NewLoop | None = None) -> int:
    """
    Run `main()` until it ends or SIGINT or SIGTERM cancels it; return the exit status.

    `new_loop` makes the event loop instead of asyncio. A `WebrtcBridgeError` is printed on stderr,
    as one line, and its `exit_status` is returned.
    """
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(until_signal(main()))
    except WebrtcBridgeError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_status
    return 0


async def until_signal(main: Coroutine[Any, Any, None]) -> None:
    """
    Await `main`; SIGINT and SIGTERM cancel it, and it gets `SHUTDOWN_TIMEOUT` to clean up.

    Raises: whatever `main` raises.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.ensure_future(main)
    stopped = asyncio.ensure_future(stop.wait())
    trimming = asyncio.ensure_future(keep_running('the return of freed memory', trim_periodically))
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await end(task, timeout=SHUTDOWN_TIMEOUT)
            if not task.done():
                logger.error('did not stop within %.1f s of the signal; exiting', SHUTDOWN_TIMEOUT)
                # asyncio.Runner would wait for the task forever.
                logging.shutdown()
                os._exit(1)
    finally:
        await end(stopped, trimming)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    if task.done():
        with contextlib.suppress(asyncio.CancelledError):
            task.result()
