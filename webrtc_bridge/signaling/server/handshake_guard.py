"""
A deadline for the TLS handshake and the HTTP request header, which aiohttp lacks.

Each new connection first speaks to a `HandshakeGuard`; once its header is complete, the
transport and what it has received are handed to aiohttp's own protocol for good.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from webrtc_bridge.signaling.abort import abort
from webrtc_bridge.signaling.server.admission import network_of

MAX_HEADER = 16384
'Bytes; aiohttp itself then refuses lines above 8 KiB.'

SHUTDOWN_TIMEOUT = 1.0
'Seconds for the end of TLS to be answered; the default of asyncio is 30.'

_END = b'\r\n\r\n'

_CLIENT_HELLO = b'\x16'
'Start of TLS (RFC 8446, section 5.1): without TLS it is refused, lest the client wait for it.'


def _refusal(status: str) -> bytes:
    return f'HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'.encode()


class PendingConnections:
    """
    The connections whose header is not complete, oldest first.

    Beyond `max_waiting`, the oldest of the address that has most is aborted: a client that opens
    hundreds and sends nothing must not keep newcomers out. With `tls`, which returns the context
    for a new connection, each starts with a handshake, for which the same holds.
    """

    def __init__(
        self,
        make_protocol: Callable[[], asyncio.Protocol],
        timeout: float,
        max_waiting: int,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self.make_protocol = make_protocol
        self.timeout = timeout
        self.tls = tls
        self._max_waiting = max_waiting
        self._waiting: dict[HandshakeGuard, None] = {}
        self._closed = False

    def __call__(self) -> 'HandshakeGuard':
        """Return the protocol for a new connection, as `loop.create_server` wants it."""
        return HandshakeGuard(self)

    def enter(self, connection: 'HandshakeGuard') -> None:
        """Add a new connection; after `close()`, refuse it."""
        if self._closed:
            # It was accepted before the listener closed, but asyncio reports it only now.
            connection.refuse('503 Service Unavailable')
            return
        if len(self._waiting) >= self._max_waiting:
            self._oldest_of_most().refuse('503 Service Unavailable')
        self._waiting[connection] = None

    def leave(self, connection: 'HandshakeGuard') -> None:
        """Remove a connection; idempotent."""
        self._waiting.pop(connection, None)

    def _oldest_of_most(self) -> 'HandshakeGuard':
        numbers = Counter(connection.address for connection in self._waiting)
        # Of equals the one whose oldest connection is the oldest.
        ((address, _),) = numbers.most_common(1)
        return next(each for each in self._waiting if each.address == address)

    async def close(self) -> None:
        """Refuse all of them, and those that still come."""
        self._closed = True
        waiting = list(self._waiting)
        for connection in waiting:
            connection.refuse('503 Service Unavailable')
        await asyncio.gather(*(connection.aclose() for connection in waiting))


class HandshakeGuard(asyncio.Protocol):
    """Complete the TLS handshake, if any, collect the request header, then step aside."""

    def __init__(self, pending: PendingConnections) -> None:
        self._pending = pending
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._is_open = False
        self._is_secure = False
        self.address = ''

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline."""
        # Not asserted: uvloop's transports are not subclasses.
        self._transport = transport = cast(asyncio.Transport, transport)
        self.address = network_of((transport.get_extra_info('peername') or ('',))[0])
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._pending.timeout, self.refuse, '408 Request Timeout')
        self._pending.enter(self)
        if self._transport is None:
            return
        if self._pending.tls is None:
            self._is_open = True
        else:
            # Nothing else may read before TLS does.
            transport.pause_reading()
            self._handshake = loop.create_task(self._shake_hands(transport, self._pending.tls()))

    def data_received(self, data: bytes) -> None:
        """Look for the end of the header."""
        if self._transport is None:
            return
        self._received += data
        if self._handshake is not None and not self._is_secure:
            return  # uvloop reads before it can be paused; `_feed` passes it on
        # Empty lines before the request are allowed (RFC 9112, section 2.2), and end no header.
        while self._received.startswith(b'\r\n'):
            del self._received[:2]
        if self._received.startswith(_CLIENT_HELLO):
            self.refuse('400 Bad Request')
        elif self._is_open:
            self._look_for_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._step_aside()
        self._end_handshake()

    def refuse(self, status: str) -> None:
        """Answer with a bare HTTP status, and close."""
        is_open = self._is_open
        transport = self._step_aside()
        if transport is None:
            return
        if is_open:
            transport.write(_refusal(status))
            transport.close()
        else:
            abort(transport)
            self._end_handshake()

    async def aclose(self) -> None:
        """Wait until a handshake has ended; to be called after `refuse`."""
        if self._handshake is not None:
            await asyncio.wait({self._handshake})

    async def _shake_hands(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            starting = loop.create_task(
                loop.start_tls(
                    transport,
                    self,
                    tls,
                    server_side=True,
                    # Our own deadline is to come first.
                    ssl_handshake_timeout=self._pending.timeout + 1.0,
                    ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
                )
            )
            await asyncio.sleep(0)
            # TLS is the transport's protocol now; its connection_made runs in the next round.
            loop.call_soon(self._feed, transport)
            secure = await starting
        except OSError:
            # Among them ssl.SSLError and ConnectionError; not logged: strangers send anything.
            self._step_aside()
            abort(transport)
            return
        if self._transport is None or secure is None or secure.is_closing():
            self._step_aside()
            abort(transport)
            return
        self._transport = secure
        self._is_open = True
        self._look_for_end()

    def _end_handshake(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()

    def _feed(self, transport: asyncio.Transport) -> None:
        """Give TLS the bytes that arrived before it could read."""
        early, self._received = self._received, bytearray()
        self._is_secure = True
        # A BufferedProtocol, though uvloop's does not derive from that.
        protocol: Any = transport.get_protocol()
        while early and not transport.is_closing():
            buffer: memoryview = protocol.get_buffer(len(early))
            size = min(len(buffer), len(early))
            buffer[:size] = early[:size]
            del early[:size]
            protocol.buffer_updated(size)

    def _look_for_end(self) -> None:
        if _END in self._received:
            self._hand_over()
        elif len(self._received) > MAX_HEADER:
            self.refuse('431 Request Header Fields Too Large')

    def _hand_over(self) -> None:
        transport = self._step_aside()
        if transport is None or transport.is_closing():
            return
        protocol = self._pending.make_protocol()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(bytes(self._received))

    def _step_aside(self) -> asyncio.Transport | None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._pending.leave(self)
        transport, self._transport = self._transport, None
        return transport
