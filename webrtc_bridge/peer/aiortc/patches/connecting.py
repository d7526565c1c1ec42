"""The tasks in which a connection comes about, which aiortc starts and forgets."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection

from webrtc_bridge.errors import printable

CANCEL_INTERVAL = 0.05
'Seconds until a task that goes on is cancelled anew.'

logger = logging.getLogger(__name__)


class Connecting:
    """
    Owns the tasks in which a connection comes about; `on_failed` gets the reason where one fails.

    aiortc starts and forgets them. One that goes on after the connection is closed starts to send
    on it, and never ends; of one that fails nobody hears.
    """

    def __init__(self, connection: RTCPeerConnection, on_failed: Callable[[str], None]) -> None:
        private: Any = connection
        self._on_failed = on_failed
        self._connect = private._RTCPeerConnection__connect
        self._tasks: set[asyncio.Task[None]] = set()
        private._RTCPeerConnection__connect = self._owned_connect

    async def cancel(self) -> None:
        """Cancel them; call it before the connection is closed."""
        while tasks := set(self._tasks):
            for task in tasks:
                task.cancel()
            # Again and again: asyncio.wait_for may lose a cancellation (gh-86296, Python 3.11).
            await asyncio.wait(tasks, timeout=CANCEL_INTERVAL)

    async def _owned_connect(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect()
        except Exception as error:
            logger.debug('connecting failed', exc_info=error)
            self._on_failed(f'connecting failed: {printable(error)}')
        finally:
            self._tasks.discard(task)
