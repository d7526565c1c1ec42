"""One WebSocket of the server: its queue, its heartbeat and its end."""

import asyncio
import contextlib
import logging
from collections import deque

from aiohttp import web

from webrtc_bridge.errors import printable
from webrtc_bridge.program.cancellation import end, within
from webrtc_bridge.signaling.abort import abort
from webrtc_bridge.signaling.protocol.close_codes import CloseCode

CLOSE_TIMEOUT = 1.5
'Seconds for what is queued and the close frame; then the connection is aborted.'

WRITE_AT_ONCE = 32768
'Bytes in the transport below which a message skips the queue; its own high-water mark is 64 KiB.'

logger = logging.getLogger(__name__)


class Connection:
    """
    Send without ever waiting for the reader; one that reads too slowly is closed with 1013.

    `number` names it in the log. Use from the event loop; `aclose` must be awaited in the end.
    """

    __slots__ = (
        '_closing',
        '_max_queued',
        '_queue',
        '_queued',
        '_socket',
        '_transport',
        '_writer',
        'heard_at',
        'number',
        'pinged_at',
    )

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        number: int,
        max_queued: int,
        now: float,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._max_queued = max_queued
        self._queue: deque[str] = deque()
        self._queued = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.number = number
        self.heard_at = now
        self.pinged_at = 0.0
        'When an unanswered ping was sent; 0 if there is none.'

    @property
    def closing(self) -> bool:
        """Return whether it is being closed; nothing is sent or handled any more."""
        return self._closing is not None

    async def send(self, text: str) -> bool:
        """
        Send or queue `text`; it is in ASCII. Does not suspend.

        False: the reader is too slow, and the connection is being closed.
        """
        if self._closing is not None or self._transport.is_closing():
            return True
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug('socket %d > %s', self.number, printable(text, 1000))
        if self._writer is None:
            waiting = self._transport.get_write_buffer_size()
            # Below its high-water mark the transport never makes anybody wait.
            if waiting + len(text) < WRITE_AT_ONCE:
                with contextlib.suppress(ConnectionError):
                    await self._socket.send_str(text)
                return True
        return self._enqueue(text)

    async def ping(self, now: float) -> None:
        """Ping the peer, unless an earlier ping is unanswered. Does not suspend."""
        if self.pinged_at or self.closing or self._transport.is_closing():
            return
        self.pinged_at = now
        # With a full transport the answer would take long anyway.
        if self._transport.get_write_buffer_size() < WRITE_AT_ONCE:
            with contextlib.suppress(ConnectionError):
                await self._socket.ping()

    def heard(self, now: float) -> None:
        """Note that the peer is alive."""
        self.heard_at = now
        self.pinged_at = 0.0

    def close(self, code: int, reason: str) -> None:
        """Start to close: send what is queued and the code, then abort."""
        if self._closing is None:
            logger.debug('socket %d is closed with %d %s', self.number, code, reason)
            self._closing = asyncio.ensure_future(self._close(code, reason))

    def abort(self) -> None:
        """Abort the connection now."""
        abort(self._transport)

    async def aclose(self) -> None:
        """Wait until it is closed; close it with 1000 unless it is being closed."""
        self.close(CloseCode.NORMAL, '')
        assert self._closing is not None
        await asyncio.wait({self._closing})

    def _enqueue(self, text: str) -> bool:
        if self._queued + len(text) > self._max_queued:
            self._queue.clear()
            logger.info('socket %d reads too slowly', self.number)
            self.close(CloseCode.TRY_LATER, 'reads too slowly')
            return False
        self._queue.append(text)
        self._queued += len(text)
        if self._writer is None:
            self._writer = asyncio.ensure_future(self._write())
        return True

    async def _write(self) -> None:
        """Send what is queued; runs only while something is."""
        with contextlib.suppress(ConnectionError):
            while self._queue:
                text = self._queue.popleft()
                await self._socket.send_str(text)
                self._queued -= len(text)
        self._queue.clear()
        self._queued = 0
        self._writer = None

    async def _close(self, code: int, reason: str) -> None:
        try:
            await within(self._orderly(code, reason), CLOSE_TIMEOUT)
        except (TimeoutError, ConnectionError):
            logger.debug('socket %d is aborted', self.number)
            abort(self._transport)
        finally:
            await end(self._writer)
            # The peer may not be reading what the transport still wants to write.
            loop = asyncio.get_running_loop()
            loop.call_later(CLOSE_TIMEOUT, abort, self._transport)

    async def _orderly(self, code: int, reason: str) -> None:
        if self._writer is not None:
            await asyncio.wait({self._writer})
        await self._socket.close(code=code, message=reason.encode())
