"""The messages that wait for a client's socket."""

import asyncio
import contextlib
import logging
from collections import deque

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from webrtc_bridge.errors import printable
from webrtc_bridge.program.cancellation import within

MAX_QUEUED = 256
'Messages that wait for the socket; any more are refused.'

FLUSH_TIMEOUT = 0.5
'Seconds for sending what is queued when the client stops.'

logger = logging.getLogger(__name__)


class Outbox:
    """A bounded queue of messages, written to one socket at a time."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._queued = asyncio.Event()

    def put(self, text: str) -> bool:
        """Queue `text`; return False, and queue nothing, where too much waits."""
        if len(self._queue) >= MAX_QUEUED:
            return False
        self._queue.append(text)
        self._queued.set()
        return True

    def clear(self) -> None:
        """Drop what is queued."""
        self._queue.clear()

    async def write(self, socket: ClientConnection, who: str) -> None:
        """Send what is queued to `socket`, until it is closed; `who` is for the log."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._queued.clear()
                while self._queue:
                    text = self._queue[0]
                    logger.debug('%s > %s', who, printable(text, 1000))
                    await socket.send(text)
                    if self._queue and self._queue[0] is text:
                        self._queue.popleft()
                await self._queued.wait()

    async def flush(self, socket: ClientConnection) -> None:
        """Send what is queued, in at most `FLUSH_TIMEOUT`, once nobody writes any more."""
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            await within(self._send_all(socket), FLUSH_TIMEOUT)

    async def _send_all(self, socket: ClientConnection) -> None:
        while self._queue:
            await socket.send(self._queue.popleft())
