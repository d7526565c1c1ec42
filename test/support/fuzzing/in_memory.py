"""Sockets in memory, and the encryption on them: a test gives what they receive."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def while_errors_raise(work: Coroutine[Any, Any, None]) -> None:
    """Await `work`, and raise what callbacks and lost tasks raised meanwhile."""
    errors: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    await work
    await asyncio.sleep(0)
    if errors:
        error = errors[0].get('exception')
        raise error or AssertionError(errors[0]['message'])


class Dtls:
    """The encryption beneath an association of SCTP."""

    state = 'connected'

    def __init__(self, role: str) -> None:
        self._role = role

    async def _send_data(self, data: bytes) -> None:
        pass

    def _unregister_data_receiver(self, receiver: object) -> None:
        pass


class UdpSocket(asyncio.DatagramTransport):
    """A socket whose datagrams go nowhere."""

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send nothing."""

    def close(self) -> None:
        """Close nothing."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the socket's own address."""
        return ('192.0.2.1', 9) if name == 'sockname' else default


class Socket(asyncio.Transport):
    """A connection of a client with the protocol of a server."""

    def __init__(self, protocol: asyncio.BaseProtocol) -> None:
        super().__init__()
        self.sent = bytearray()
        self._protocol: Any = protocol
        self._is_closing = self._is_lost = self._is_held = False
        protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Give the server bytes of the client, unless it has closed."""
        if data and not self._is_closing:
            self._protocol.data_received(data)

    async def end(self) -> None:
        """Hang up."""
        if not self._is_lost:
            self._is_closing = self._is_lost = True
            self._protocol.connection_lost(None)
        for _ in range(3):
            await asyncio.sleep(0)

    def write(self, data: Any) -> None:
        """Keep what the server sends."""
        self.sent += data

    def close(self) -> None:
        """Close, in the next pass of the event loop."""
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        """Close."""
        self.close()

    def is_closing(self) -> bool:
        """Return whether the server has closed it."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Return whether the server takes bytes."""
        return not self._is_held

    def pause_reading(self) -> None:
        """Note that the server takes none; what this has is given nevertheless."""
        self._is_held = True

    def resume_reading(self) -> None:
        """Note that the server takes bytes again."""
        self._is_held = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give what is received to another protocol."""
        self._protocol = protocol

    def get_protocol(self) -> Any:
        """Return the protocol of the server."""
        return self._protocol

    def get_write_buffer_size(self) -> int:
        """Return 0: everything is sent at once."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the client's address."""
        return ('192.0.2.7', 40_000) if name == 'peername' else default

    def _lose(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._protocol.connection_lost(None)
