"""
Join asyncio and rclpy: the event loop has the main thread, the executor one other.

Both worlds meet here and nowhere else. Signals belong to asyncio (`program.until_signal`).
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from webrtc_bridge.errors import WebrtcBridgeError

JOIN_TIMEOUT = 1.0
'Seconds that a running ROS callback has to end when the node shall end.'

logger = logging.getLogger(__name__)


class RosStartError(WebrtcBridgeError):
    """ROS does not start with the arguments it was given; says why."""

    exit_status = 2

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f'ROS does not start: {self.reason}'


@contextlib.contextmanager
def initialised(arguments: list[str]) -> Iterator[None]:
    """
    Initialise rclpy with `arguments`, of which those for ROS count; shut it down at exit.

    Raises: RosStartError.
    """
    try:
        # With asyncio in the main thread, rclpy's own handlers hang on SIGINT and exit 1 on
        # SIGTERM.
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as exc:
        # RCLError or UnknownROSArgsError; the text ends in the place in rcl's sources.
        reason = str(exc).split(', at /')[0].replace('failed to initialize rcl: ', '')
        raise RosStartError(f'{type(exc).__name__}: {" ".join(reason.split())}') from exc
    try:
        yield
    finally:
        rclpy.try_shutdown()


@contextlib.contextmanager
def created_node(name: str) -> Iterator[Node]:
    """Create the node `name`, destroy it at exit."""
    created = Node(name)
    try:
        yield created
    finally:
        created.destroy_node()


async def while_spinning(node: Node, work: Coroutine[Any, Any, None]) -> None:
    """
    Await `work` while the callbacks of `node` run in a thread of their own.

    Create publishers and subscriptions before: from another thread it races with the executor.
    When this is cancelled, `work` is cancelled first and may still use the node to clean up.

    Raises: what `work` raises, or a callback of the node, whichever is first.
    """
    with spinning(node) as spin:
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, spin}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            await asyncio.wait({task})
            if spin.done():
                spin.result()
            if not task.cancelled():
                task.result()


@contextlib.contextmanager
def spinning(node: Node) -> Iterator['asyncio.Future[None]']:
    """Run the node's callbacks in a thread; yield a future that ends only if the thread fails."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    stop: Future[None] = Future()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    thread = threading.Thread(
        target=_spin, args=(executor, stop, failed), name=f'spin {node.get_name()}', daemon=True
    )
    thread.start()
    try:
        yield failed
    finally:
        # executor.shutdown() would take the wait set away from under a thread that still waits in
        # it, and does not wait for a running callback (rclpy 9.1); so the thread ends before.
        stop.set_result(None)
        thread.join(JOIN_TIMEOUT)
        if thread.is_alive():
            logger.error('a callback still runs after %.1f s; leaving it', JOIN_TIMEOUT)
        executor.shutdown(timeout_sec=0)
        _forget(failed)


def _spin(
    executor: SingleThreadedExecutor, stop: 'Future[None]', failed: 'asyncio.Future[None]'
) -> None:
    loop = failed.get_loop()
    try:
        executor.spin_until_future_complete(stop)
    except Exception as exc:
        # The loop waits for this thread to end before it closes, so it is there to be called.
        loop.call_soon_threadsafe(_fail, failed, exc)


def _fail(failed: 'asyncio.Future[None]', exc: Exception) -> None:
    if not failed.done():
        failed.set_exception(exc)


def _forget(failed: 'asyncio.Future[None]') -> None:
    """Mark the failure as seen: it was raised, or the node is ending for another reason."""
    if not failed.cancel():
        failed.exception()
