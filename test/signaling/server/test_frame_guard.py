import asyncio
import contextlib
import struct
from collections.abc import Iterable

import pytest

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.server.frame_guard import MOST_FRAMES, FrameCounter
from webrtc_bridge.signaling.server.server import SignalingServer

CONTINUATION, TEXT, PING = 0, 1, 9


def frame(kind: int, payload: bytes = b'', *, final: bool = True, masked: bool = True) -> bytes:
    """Return a frame whose mask is 0 (RFC 6455 section 5.2)."""
    mask = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        length = bytes([mask | size])
    elif size < 1 << 16:
        length = bytes([mask | 126]) + struct.pack('!H', size)
    else:
        length = bytes([mask | 127]) + struct.pack('!Q', size)
    return bytes([kind | (0x80 if final else 0)]) + length + mask // 32 * b'\0' + payload


def in_pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


WHOLE = [frame(TEXT, b'x' * size) for size in (0, 5, 125, 126, 65_535, 65_536, 70_000)]
USUAL = b''.join(
    [
        *WHOLE,
        frame(TEXT, b'a', final=False),
        *(frame(CONTINUATION, b'b', final=False) for _ in range(MOST_FRAMES - 2)),
        *(frame(PING, b'now') for _ in range(100)),
        frame(CONTINUATION, b'c'),
        frame(TEXT, b'x', masked=False),
        *WHOLE,
    ]
)


@pytest.mark.parametrize('size', [1, 2, 3, 7, 100, 65_536, len(USUAL)])
def test_what_clients_send_passes_however_it_is_cut(size: int) -> None:
    counter = FrameCounter()
    assert all(counter.feed(piece) for piece in in_pieces(USUAL, size))


@pytest.mark.parametrize('size', [1, 5, 4096])
@pytest.mark.parametrize('payload', [b'', b'x'])
def test_a_message_that_does_not_end_is_noticed(size: int, payload: bytes) -> None:
    counter = FrameCounter()
    assert all(counter.feed(piece) for piece in in_pieces(USUAL, size))
    endless = frame(TEXT, final=False) + 20 * frame(CONTINUATION, payload, final=False)
    assert not all(counter.feed(piece) for piece in in_pieces(endless, size))


UPGRADE = (
    b'GET /receiver HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
)


async def test_the_server_closes_the_socket_of_a_message_that_does_not_end() -> None:
    async with SignalingServer(SignalingOptions(port=0)) as server:
        port = int(server.url.rpartition(':')[2])
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(UPGRADE)
        await reader.readuntil(b'\r\n\r\n')
        writer.write(frame(TEXT, final=False) + 30 * frame(CONTINUATION, final=False))
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 20)
        writer.close()
