"""
Join asyncio and rclpy: the event loop runs in the main thread, the executor in another one.

The two meet only here. Signals belong to asyncio (`program.lifetime.until_signal`).
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
from webrtc_bridge.program.cancellation import end

JOIN_TIMEOUT = 1.0
'Seconds that a running ROS callback has to finish when the node ends.'

logger = logging.getLogger(__name__)


class RosStartError(WebrtcBridgeError):
    """ROS does not start with the given arguments, for `reason`."""

    exit_status = 2

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f'ROS does not start: {self.reason}'


@contextlib.contextmanager
def initialised(arguments: list[str]) -> Iterator[None]:
    """
    Initialise rclpy with the ROS arguments among `arguments`; shut it down at exit.

    Raises: RosStartError.
    """
    try:
        # With asyncio in the main thread, rclpy's own handlers hang on SIGINT and exit 1 on
        # SIGTERM.
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as exc:
        # RCLError or UnknownROSArgsError; the text ends with a location in the sources of rcl.
        reason = str(exc).split(', at /')[0].replace('failed to initialize rcl: ', '')
        raise RosStartError(f'{type(exc).__name__}: {" ".join(reason.split())}') from exc
    try:
        yield
    finally:
        rclpy.try_shutdown()


@contextlib.contextmanager
def created_node(name: str) -> Iterator[Node]:
    """Create the node `name`; destroy it at exit."""
    node = Node(name)
    try:
        yield node
    finally:
        node.destroy_node()


async def while_spinning(node: Node, work: Coroutine[Any, Any, None]) -> None:
    """
    Await `work` while the callbacks of `node` run in a thread of their own.

    Create publishers and subscriptions before: doing so from another thread races with the
    executor. On cancellation `work` is cancelled first and may still use the node to clean up.

    Raises: the error of `work` or of a callback of the node, whichever comes first.
    """
    with spinning(node) as spin:
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, spin}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(task)
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
        # executor.shutdown() destroys the wait set while a thread still waits in it, and does not
        # wait for a running callback (rclpy 9.1), so the thread ends first.
        stop.set_result(None)
        thread.join(JOIN_TIMEOUT)
        if thread.is_alive():
            logger.error('a callback is still running after %.1f s; abandoning it', JOIN_TIMEOUT)
        executor.shutdown(timeout_sec=0)
        _forget(failed)


def _spin(
    executor: SingleThreadedExecutor, stop: 'Future[None]', failed: 'asyncio.Future[None]'
) -> None:
    loop = failed.get_loop()
    try:
        executor.spin_until_future_complete(stop)
    except Exception as exc:
        # The loop is still open: it waits for this thread to end before it closes.
        loop.call_soon_threadsafe(_fail, failed, exc)


def _fail(failed: 'asyncio.Future[None]', exc: Exception) -> None:
    if not failed.done():
        failed.set_exception(exc)


def _forget(failed: 'asyncio.Future[None]') -> None:
    """Mark the failure as retrieved: it was raised, or the node ends for another reason."""
    if not failed.cancel():
        failed.exception()
