"""Data channels of a peer that sends what is costly to read."""

from types import SimpleNamespace

import pytest
from aiortc.rtcsctptransport import DataChunk, ForwardTsnChunk, SackChunk
from support.peers.session_pair import SessionPair, until

from webrtc_bridge.peer.aiortc.patches.data_guard import (
    BURST,
    MOST_AHEAD,
    MOST_STREAMS,
    RATE,
    ChunkBudget,
    is_affordable,
)

TRANSPORT = SimpleNamespace(_last_received_tsn=0xFFFFFFFF, _local_tsn=5)
'Expects chunk 0, and has sent up to 4.'


def data(tsn, stream=0):
    chunk = DataChunk()
    chunk.tsn, chunk.stream_id = tsn, stream
    return chunk


def sack(cumulative, *gaps):
    chunk = SackChunk()
    chunk.cumulative_tsn, chunk.gaps = cumulative, list(gaps)
    return chunk


def forward(*streams):
    chunk = ForwardTsnChunk()
    chunk.streams = [(stream, 1) for stream in streams]
    return chunk


USUAL = (
    *(data(0), data(MOST_AHEAD - 1), data(0xFFFFFFF0)),
    *(sack(4), sack(0xFFFFFFFE, (2, 3), (5, 5)), forward(0, MOST_STREAMS - 1)),
)
COSTLY = (
    *(data(MOST_AHEAD), data(0, MOST_STREAMS), forward(MOST_STREAMS), sack(5)),
    *(sack(1, (1, 65_535)), sack(1, (2, 1)), sack(1, (0, 1)), sack(1, (2, 3), (2, 3))),
)


@pytest.mark.parametrize('chunk', USUAL, ids=repr)
def test_what_a_peer_has_reason_to_send_is_read(chunk):
    assert is_affordable(TRANSPORT, chunk)


@pytest.mark.parametrize('chunk', COSTLY, ids=repr)
def test_what_it_has_not_is_dropped(chunk):
    assert not is_affordable(TRANSPORT, chunk)


def test_chunks_are_read_at_a_bounded_rate():
    budget = ChunkBudget()
    assert sum(budget.take(100.0) for _ in range(3000)) == BURST
    assert sum(budget.take(101.0) for _ in range(3000)) == RATE


async def test_a_hostile_acknowledgement_is_dropped_and_the_clocks_are_compared(harness):
    pair = SessionPair(harness.broadcast).start()
    try:
        await pair.received(1)
        sctp = pair.inbound._peer.connection.sctp
        await until(lambda: pair.inbound.clock_offset.newest)
        await sctp._send_chunk(sack(sctp._last_received_tsn, *[(1, 65_535)] * 250))
        before = pair.inbound.clock_offset.newest
        await until(lambda: pair.inbound.clock_offset.newest is not before)
        assert not any(task.done() for task in pair.running)
    finally:
        await pair.close()


async def test_a_chunk_is_dropped_once_the_encryption_is_shut_down(harness):
    pair = SessionPair(harness.broadcast).start()
    try:
        await pair.received(1)
        sctp = pair.inbound._peer.connection.sctp
        sctp.transport._ssl.shutdown()
        await sctp._send_chunk(sack(sctp._last_received_tsn))
    finally:
        await pair.close()
