"""Own the tasks that establish a connection, which aiortc starts and forgets."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection

from webrtc_bridge.errors import printable
from webrtc_bridge.program.cancellation import end

logger = logging.getLogger(__name__)


class Connecting:
    """
    Own the tasks that establish `connection`; `on_failed` gets the reason if one fails.

    aiortc starts and forgets them. One that is still running after the connection is closed starts
    to send on it, and never ends; the error of one that fails is never retrieved (as in
    aiortc/aiortc#85).
    """

    def __init__(self, connection: RTCPeerConnection, on_failed: Callable[[str], None]) -> None:
        private: Any = connection
        self._on_failed = on_failed
        self._connect = private._RTCPeerConnection__connect
        self._tasks: set[asyncio.Task[None]] = set()
        private._RTCPeerConnection__connect = self._owned_connect

    async def cancel(self) -> None:
        """Cancel them; call it before the connection is closed."""
        await end(*self._tasks)

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
