"""Bound what a peer, or its end, can cost a session by its data channels (SCTP, RFC 9260)."""

import functools
import logging
import struct
import time
from typing import Any
from weakref import WeakKeyDictionary

import aiortc.rtcsctptransport
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk, ForwardTsnChunk, SackChunk
from OpenSSL import SSL

RATE, BURST = 500.0, 1000.0
"""
Chunks a second, and at once. Our peers send one for each question about the clock, and 14 for the
longest metadata; what is dropped beyond that is sent again, and slower, as if it were lost.
"""

MOST_AHEAD, MOST_STREAMS = 256, 256
"""
Chunks that may come ahead of a missing one, and streams. aiortc 1.16 goes through all of the first
for every chunk, and through all of the second when some are given up.
"""

MOST_WAITING = 512
"""
Chunks of messages that are not complete. aiortc 1.16 states how many bytes it has room for, 1 MiB,
and takes any number; for each, it goes through all of those on its stream.
"""

logger = logging.getLogger(__name__)


class ChunkBudget:
    """Allow `BURST` chunks at once, and `RATE` a second."""

    def __init__(self) -> None:
        self._left = BURST
        self._newest = 0.0

    def take(self, now: float) -> bool:
        """Return whether a chunk that comes at `now`, in seconds, is read."""
        self._left = min(BURST, self._left + RATE * (now - self._newest))
        self._newest = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@functools.cache
def guard_data() -> None:
    """
    Let every transport drop chunks that would cost it much, and continue.

    A single datagram can hold an acknowledgement of 290 ranges of 65,536 chunks that were never
    sent, which aiortc 1.16 writes down one by one: 2 s. It also sends after the peer has shut down
    the encryption, in tasks that nobody awaits: an error that asyncio logs with its traceback.
    What it cannot read, it logs likewise. A parameter without a length stops the program for good.
    """
    module: Any = aiortc.rtcsctptransport
    decode = module.decode_params

    def decode_or_refuse(body: bytes) -> Any:
        check_parameters(body)
        return decode(body)

    module.decode_params = decode_or_refuse
    transport_class: Any = RTCSctpTransport
    handle = transport_class._handle_data

    async def handle_or_drop(transport: Any, data: bytes) -> None:
        try:
            await handle(transport, data)
        except ConnectionError:
            raise
        except Exception as error:  # whatever a parser raises of a field that is cut
            logger.debug('data of the peer dropped: %r', error)

    receive = transport_class._receive_chunk
    budgets: WeakKeyDictionary[Any, ChunkBudget] = WeakKeyDictionary()

    async def receive_or_drop(transport: Any, chunk: Any) -> None:
        if (budget := budgets.get(transport)) is None:
            budget = budgets[transport] = ChunkBudget()
        if budget.take(time.monotonic()) and is_affordable(transport, chunk):
            await receive(transport, chunk)

    send = transport_class._send_chunk

    async def send_or_drop(transport: Any, chunk: Any) -> None:
        try:
            await send(transport, chunk)
        except (ConnectionError, SSL.Error) as error:
            logger.debug('chunk not sent: %r', error)

    transport_class._handle_data = handle_or_drop
    transport_class._receive_chunk = receive_or_drop
    transport_class._send_chunk = send_or_drop


def check_parameters(body: bytes) -> None:
    """
    Check the lengths of the parameters of a chunk (RFC 9260, section 3.2.1).

    Raises: ValueError for one that does not count its own header: aiortc 1.16 would never get on.
    """
    position = 0
    while position <= len(body) - 4:
        (length,) = struct.unpack_from('!H', body, position + 2)
        if length < 4:
            raise ValueError(f'parameter of {length} bytes')
        position += length + -length % 4


def is_affordable(transport: Any, chunk: Any) -> bool:
    """Return whether `transport` can read `chunk` at a cost in proportion to its size."""
    if isinstance(chunk, DataChunk):
        ahead = (chunk.tsn - (transport._last_received_tsn or 0)) & 0xFFFFFFFF
        is_near = chunk.stream_id < MOST_STREAMS and not MOST_AHEAD < ahead < 1 << 31
        return is_near and _has_room(transport, chunk)
    if isinstance(chunk, ForwardTsnChunk):
        return all(stream < MOST_STREAMS for stream, _ in chunk.streams)
    if isinstance(chunk, SackChunk):
        sent = (transport._local_tsn - 1 - chunk.cumulative_tsn) & 0xFFFFFFFF
        edges = [edge for gap in chunk.gaps for edge in gap]
        in_order = not edges or (edges == sorted(edges) and edges[0] > 0 and edges[-1] <= sent)
        return in_order and sent < 1 << 31
    return True


def _has_room(transport: Any, chunk: Any) -> bool:
    """Return whether `chunk` may wait for the rest of its message (RFC 9260, section 6.2)."""
    streams = transport._inbound_streams.values()
    waiting = sum(len(stream.reassembly) for stream in streams)
    return waiting < MOST_WAITING and len(chunk.user_data) <= transport._advertised_rwnd
