"""
Peers of the signaling server that cost little, so that the clients are not the bottleneck.

They speak only what is needed of RFC 6455. Frames are masked with zeros, and can be reused.
"""

import asyncio
import json
import os
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

TOKEN = os.environ.get('BENCHMARK_TOKEN', '')
'Token of the peers, if the server requires one.'

UPGRADE = (
    'GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n'
)
DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'
'The offer of browsers and most libraries.'

PING, PONG = 0x9, 0xA
CONNECTIONS_AT_ONCE = 50


def frame(text: bytes, opcode: int = 0x1) -> bytes:
    """Return `text` as a complete message of a client (RFC 6455, section 5.2)."""
    size = len(text)
    head = struct.pack('!BB', 0x80 | opcode, 0x80 | (size if size < 126 else 126))
    if size >= 126:
        head += struct.pack('!H', size)
    return head + bytes(4) + text


def message(kind: str, **fields: Any) -> bytes:
    """Return a message of the protocol as a frame."""
    return frame(json.dumps({'type': kind, **fields}, separators=(',', ':')).encode())


class RawPeer(asyncio.Protocol):
    """One socket; `on_text` gets each received message as bytes."""

    def __init__(self, on_text: Callable[[bytes], None]) -> None:
        self.on_text = on_text
        self.registered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = b''
        self._upgraded = False
        self._transport: Any = None
        self._is_lost = False

    @classmethod
    async def connect(
        cls,
        server: str,
        path: str,
        on_text: Callable[[bytes], None],
        *,
        deflate: bool = False,
        token: str = TOKEN,
    ) -> 'RawPeer':
        """Return a peer that the server has registered."""
        where = urlsplit(server)
        loop = asyncio.get_running_loop()
        host, port = where.hostname or '', where.port or 80
        _, peer = await loop.create_connection(lambda: cls(on_text), host, port)
        more = DEFLATE * deflate + f'Authorization: Bearer {token}\r\n' * bool(token)
        peer.write(UPGRADE.format(path=path, host=where.netloc, more=more).encode())
        await peer.registered
        return peer

    def write(self, frames: bytes) -> None:
        """Send frames made by `frame`. Raises: ConnectionError if the server has gone."""
        if self._is_lost:
            raise ConnectionError
        self._transport.write(frames)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Fail if the server refused this peer."""
        self._is_lost = True
        if not self.registered.done():
            self.registered.set_exception(ConnectionError(self._received[:200].decode()))

    def data_received(self, data: bytes) -> None:
        """Parse the frames (RFC 6455, section 5.2), which servers do not mask."""
        data = self._received + data
        position = 0
        if not self._upgraded:
            end = data.find(b'\r\n\r\n')
            if end < 0 or not data.startswith(b'HTTP/1.1 101'):
                self._received = data
                return
            self._upgraded, position = True, end + 4
        while (payload := payload_of_frame(data, position)) is not None:
            start, stop = payload
            self._take(data[position] & 0x0F, data[start:stop])
            position = stop
        self._received = data[position:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.write(frame(payload, PONG))
        elif not self.registered.done():
            self.registered.set_result(None)
        elif opcode == 1:
            self.on_text(payload)


def payload_of_frame(data: bytes, position: int) -> tuple[int, int] | None:
    """Return start and end of the payload of the frame at `position`; None if incomplete."""
    if len(data) < position + 2:
        return None
    size, start = data[position + 1] & 0x7F, position + 2
    if size == 126:
        if len(data) < position + 4:
            return None
        size, start = int.from_bytes(data[position + 2 : position + 4], 'big'), position + 4
    elif size == 127:
        return None  # messages of this protocol are not that long
    return (start, start + size) if len(data) >= start + size else None


async def connect_all(
    server: str, paths: list[str], on_text: Callable[[int, bytes], None], *, deflate: bool = False
) -> list[RawPeer]:
    """Return a peer for each of `paths`; `on_text` gets its number too."""
    gate = asyncio.Semaphore(CONNECTIONS_AT_ONCE)

    async def connect(number: int, path: str) -> RawPeer:
        async with gate:
            return await RawPeer.connect(
                server, path, lambda text: on_text(number, text), deflate=deflate
            )

    return list(await asyncio.gather(*(connect(n, path) for n, path in enumerate(paths))))
