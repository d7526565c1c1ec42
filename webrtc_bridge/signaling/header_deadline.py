"""
A deadline for the HTTP request header, which aiohttp has not.

Each new connection first speaks to a `HeaderDeadline`; once its header is complete, the
transport and what it has received are handed to aiohttp's own protocol for good.
"""

import asyncio
from collections.abc import Callable

MAX_HEADER = 16384
'Bytes; aiohttp itself then refuses lines above 8 KiB.'

_END = b'\r\n\r\n'


def _refusal(status: str) -> bytes:
    return f'HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'.encode()


class WaitingRoom:
    """
    The connections whose header is not complete, oldest first.

    Beyond `max_waiting`, the oldest is cut: somebody who opens hundreds and sends nothing must
    not keep a newcomer out.
    """

    def __init__(
        self,
        make_protocol: Callable[[], asyncio.Protocol],
        timeout: float,
        max_waiting: int,
    ) -> None:
        self.make_protocol = make_protocol
        self.timeout = timeout
        self._max_waiting = max_waiting
        self._waiting: dict[HeaderDeadline, None] = {}

    def __call__(self) -> 'HeaderDeadline':
        """Return the protocol for a new connection, as `loop.create_server` wants it."""
        return HeaderDeadline(self)

    def enter(self, connection: 'HeaderDeadline') -> None:
        """Let a new connection wait for its header."""
        if len(self._waiting) >= self._max_waiting:
            next(iter(self._waiting)).refuse('503 Service Unavailable')
        self._waiting[connection] = None

    def leave(self, connection: 'HeaderDeadline') -> None:
        """Forget a connection; again for the same one does nothing."""
        self._waiting.pop(connection, None)

    def close(self) -> None:
        """Cut all that wait."""
        for connection in list(self._waiting):
            connection.refuse('503 Service Unavailable')


class HeaderDeadline(asyncio.Protocol):
    """Collect the request header of one connection, then step aside."""

    def __init__(self, room: WaitingRoom) -> None:
        self._room = room
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._room.timeout, self.refuse, '408 Request Timeout')
        self._room.enter(self)

    def data_received(self, data: bytes) -> None:
        """Look for the end of the header."""
        if self._transport is None:
            return
        self._received += data
        # An empty line before the request is allowed (RFC 9112, section 2.2), and is no header.
        while self._received.startswith(b'\r\n'):
            del self._received[:2]
        if _END in self._received:
            self._hand_over()
        elif len(self._received) > MAX_HEADER:
            self.refuse('431 Request Header Fields Too Large')

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._step_aside()

    def refuse(self, status: str) -> None:
        """Answer with a bare HTTP status, and close."""
        transport = self._step_aside()
        if transport is not None:
            transport.write(_refusal(status))
            transport.close()

    def _hand_over(self) -> None:
        transport = self._step_aside()
        if transport is None or transport.is_closing():
            return
        protocol = self._room.make_protocol()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(bytes(self._received))

    def _step_aside(self) -> asyncio.Transport | None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._room.leave(self)
        transport, self._transport = self._transport, None
        return transport
