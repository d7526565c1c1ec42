"""Data channels of a peer that sends what is costly to read."""

import struct
from types import SimpleNamespace

import pytest
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk, ForwardTsnChunk, SackChunk
from google_crc32c import value as crc32c
from support.peers.session_pair import SessionPair, until

from webrtc_bridge.peer.aiortc.patches.data_guard import (
    BURST,
    MOST_AHEAD,
    MOST_STREAMS,
    MOST_WAITING,
    RATE,
    ChunkBudget,
    guard_data,
    is_affordable,
)

TRANSPORT = SimpleNamespace(
    _last_received_tsn=0xFFFFFFFF, _local_tsn=5, _inbound_streams={}, _advertised_rwnd=1 << 20
)
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


class Dtls:
    """The encryption beneath an association: what is sent is kept."""

    state = 'connected'
    _role = 'server'

    def __init__(self):
        self.sent = []

    async def _send_data(self, data):
        self.sent.append(data)

    def _unregister_data_receiver(self, receiver):
        pass


@pytest.fixture
async def association(monkeypatch):
    """Return one that is established, and expects chunk 0."""
    guard_data()
    monkeypatch.setattr(ChunkBudget, 'take', lambda budget, now: True)
    transport = RTCSctpTransport(Dtls())
    transport._remote_port = 5000
    transport._last_received_tsn = 0xFFFFFFFF
    transport._set_state(transport.State.ESTABLISHED)
    yield transport
    await transport.stop()


def packet(tag, *chunks):
    """Return a datagram with chunks; `tag` is known to the peer alone."""
    header = struct.pack('!HHL', 5000, 5000, tag)
    body = b''.join(bytes(chunk) for chunk in chunks)
    return header + struct.pack('<L', crc32c(header + bytes(4) + body)) + body


@pytest.mark.parametrize('chunk', [b'\x04', b'\x05', b'\x06', b'\x09', b'\x82'], ids=repr)
@pytest.mark.parametrize('length', range(4))
async def test_a_parameter_without_a_length_is_refused(association, chunk, length):
    """A datagram of 20 bytes stopped the program, which took all memory, too."""
    parameters = struct.pack('!HHHH', 1, 4, 1, length)
    datagram = packet(
        association._local_verification_tag, chunk + b'\0' + struct.pack('!H', 12) + parameters
    )
    before = list(association.transport.sent)
    await association._handle_data(datagram)
    assert association.transport.sent == before
    assert association._association_state is association.State.ESTABLISHED


@pytest.mark.parametrize('size', [1, 1200])
@pytest.mark.parametrize('streams', [1, 200])
async def test_messages_that_never_end_are_not_kept(association, size, streams):
    """They grew without bound, and each further chunk took longer."""
    first = 2
    for tsn in range(2000):
        chunk = data(tsn, tsn % streams)
        chunk.flags, chunk.stream_seq, chunk.protocol = first, 0, 51
        chunk.user_data = b'x' * size
        await association._handle_data(packet(association._local_verification_tag, chunk))
    kept = [each for stream in association._inbound_streams.values() for each in stream.reassembly]
    assert len(kept) == min(MOST_WAITING, (1 << 20) // size)


async def test_what_cannot_be_read_is_dropped_without_a_word(association, caplog):
    tag = association._local_verification_tag
    init = b'\x01\0\0\4'
    for datagram in (b'', packet(tag, b'\0\3\0\5x'), packet(0, init, init), packet(tag, init)):
        await association._handle_data(datagram)
    assert caplog.records == []
    assert association._association_state is association.State.ESTABLISHED


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
