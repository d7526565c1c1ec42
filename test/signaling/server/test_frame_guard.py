import asyncio
import contextlib
import struct
from collections.abc import Iterable

import pytest

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.server.frame_guard import (
    MOST_FRAMES,
    FrameCutter,
    GuardedReader,
    TooManyFrames,
)
from webrtc_bridge.signaling.server.server import SignalingServer
from webrtc_bridge.signaling.server.turns import Turns

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


def parts_of(cutter: FrameCutter, data: bytes, size: int) -> list[bytes]:
    """Return what is cut out of bytes that arrive in pieces."""
    parts = []
    for piece in in_pieces(data, size):
        cutter.feed(piece)
        while part := cutter.next():
            parts.append(part)
    return parts


@pytest.mark.parametrize('size', [1, 2, 3, 7, 100, 65_536, len(USUAL)])
def test_what_clients_send_passes_however_it_is_cut(size: int) -> None:
    assert b''.join(parts_of(FrameCutter(), USUAL, size)) == USUAL


def test_each_frame_is_cut_out_whole() -> None:
    frames = [*WHOLE, frame(PING, b'now'), frame(TEXT, b'x', masked=False)]
    assert parts_of(FrameCutter(), b''.join(frames), 1 << 20) == frames


@pytest.mark.parametrize('size', [1, 5, 4096])
@pytest.mark.parametrize('payload', [b'', b'x'])
def test_a_message_that_does_not_end_is_noticed(size: int, payload: bytes) -> None:
    cutter = FrameCutter()
    parts_of(cutter, USUAL, size)
    endless = frame(TEXT, final=False) + 20 * frame(CONTINUATION, payload, final=False)
    with pytest.raises(TooManyFrames):
        parts_of(cutter, endless, size)


class Receiving:
    """The connection of a reader, and the reader itself: what they are asked for."""

    def __init__(self, turns: Turns) -> None:
        self.guarded = GuardedReader(self, self, turns)
        self.frames: list[bytes] = []
        self.is_held = self.is_closed = self.is_aborted = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.frames.append(data)
        return data == WRONG, b''

    def feed_eof(self) -> None:
        pass

    def hold(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = False

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True


WRONG = frame(7)
PINGS = 10_000


async def test_a_flood_of_pings_costs_only_so_many_of_them_in_one_pass_of_the_loop() -> None:
    turns = Turns(most=32)
    flooding = [Receiving(turns) for _ in range(3)]
    for each in flooding:
        each.guarded.feed_data(frame(PING) * PINGS)
        assert each.is_held == (each is not flooding[0] or PINGS > 32)
    assert sum(len(each.frames) for each in flooding) == 32
    newcomer = Receiving(turns)
    newcomer.guarded.feed_data(frame(TEXT, b'register'))
    before = 0
    while not newcomer.frames:
        await asyncio.sleep(0)
        handled = sum(len(each.frames) for each in flooding)
        assert handled - before <= 2 * 32
        before = handled
    assert handled <= 3 * 32, 'the newcomer is next after one frame of each'
    assert not newcomer.is_held


async def test_a_queue_that_is_full_stops_the_reader_and_one_with_room_goes_on() -> None:
    turns = Turns(most=4)
    receiving = Receiving(turns)
    receiving.guarded.feed_data(frame(PING) * 6)
    receiving.guarded.stop()
    receiving.guarded.feed_data(frame(TEXT, b'x'))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(receiving.frames) == 5, 'the one whose turn it was'
    assert receiving.is_held
    receiving.release()  # as aiohttp does first
    receiving.guarded.go_on()
    for _ in range(10):
        await asyncio.sleep(0)
    assert receiving.frames == [frame(PING)] * 6 + [frame(TEXT, b'x')]
    assert not receiving.is_held


async def test_nothing_is_passed_on_after_the_end() -> None:
    ends = {
        'is_closed': frame(PING) + WRONG + frame(PING) * 10,
        'is_aborted': frame(PING) + frame(TEXT, final=False) * 40,
        'is_held': frame(PING) * 40,
    }
    for end, data in ends.items():
        receiving = Receiving(Turns(most=4))
        receiving.guarded.feed_data(data)
        if end == 'is_held':
            receiving.guarded.feed_eof()
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(receiving.frames) <= MOST_FRAMES
        assert receiving.is_closed == (end == 'is_closed')
        assert receiving.is_aborted == (end == 'is_aborted')


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
