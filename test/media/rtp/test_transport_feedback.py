import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webrtc_bridge.media.rtp.transport_feedback import (
    MOST_STATUSES,
    TransportFeedback,
    parse,
    rtcp_packet,
)

HEADER = 4
'Bytes of an RTCP packet ahead of its payload.'


def payload_of(packet: bytes) -> bytes:
    padding = packet[-1] if packet[0] & 0x20 else 0
    return packet[HEADER : len(packet) - padding]


@st.composite
def feedbacks(draw: st.DrawFn) -> TransportFeedback:
    first = draw(st.integers(0, 0xFFFF))
    tick = draw(st.integers(0, 0xFFFFFFFF))
    steps = st.one_of(st.integers(0, 255), st.integers(-0x8000, 0x7FFF))
    arrivals: list[tuple[int, int]] = []
    index = 0
    runs = st.tuples(st.booleans(), st.integers(1, 40))
    for is_there, length in draw(st.lists(runs, min_size=1, max_size=12)):
        for _ in range(length):
            if is_there:
                tick = (tick + (draw(steps) if arrivals else 0)) & 0xFFFFFFFF
                arrivals.append(((first + index) & 0xFFFF, tick))
            index += 1
    return TransportFeedback(first, index, draw(st.integers(0, 255)), tuple(arrivals))


@settings(deadline=None)
@given(feedbacks())
def test_feedback_comes_out_of_its_packet_as_it_went_in(feedback: TransportFeedback) -> None:
    packet = rtcp_packet(feedback, 1, 2)
    assert len(packet) == 4 * (1 + struct.unpack('!H', packet[2:4])[0])
    assert parse(payload_of(packet)) == feedback


def test_a_report_of_chromium_is_read() -> None:
    packet = bytes.fromhex('afcd0005 fa17fa17 43032fa0 00990001 3de80217 20019401')
    tick = 0x3DE802 * 256 + 148
    assert parse(payload_of(packet)) == TransportFeedback(153, 1, 23, ((153, tick),))
    assert rtcp_packet(parse(payload_of(packet)), 0xFA17FA17, 0x43032FA0) == packet


def test_each_kind_of_chunk_is_read() -> None:
    fixed = struct.pack('!IIHHI', 1, 2, 0xFFFE, 14 + 7 + 20, 5)
    one_bit = 0b10_10000000000001
    two_bit = 0b11_01_00_10_00_00_00_01
    run = 20
    chunks = struct.pack('!HHH', one_bit, two_bit, run)
    deltas = bytes((10, 20, 5)) + (-7).to_bytes(2, 'big', signed=True) + bytes((1,))
    feedback = parse(fixed + chunks + deltas)
    assert feedback.arrivals == ((0xFFFE, 10), (11, 30), (12, 35), (14, 28), (18, 29))


def test_a_time_before_the_clocks_zero_wraps() -> None:
    feedback = TransportFeedback(0, 2, 0, ((0, 3), (1, 0xFFFFFFFE)))
    assert parse(payload_of(rtcp_packet(feedback, 1, 2))) == feedback


@settings(deadline=None)
@given(feedbacks(), st.data())
def test_what_is_cut_is_refused(feedback: TransportFeedback, data: st.DataObject) -> None:
    payload = payload_of(rtcp_packet(feedback, 1, 2))
    with pytest.raises(ValueError, match=r'cut|short'):
        parse(payload[: data.draw(st.integers(0, len(payload) - 1))])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        feedback = parse(payload)
    except ValueError:
        return
    assert len(feedback.arrivals) <= min(len(payload), feedback.count)


def test_more_packets_than_anybody_remembers_are_refused() -> None:
    fixed = struct.pack('!IIHHI', 1, 2, 0, MOST_STATUSES + 1, 0)
    with pytest.raises(ValueError, match='too many'):
        parse(fixed + struct.pack('!HH', 8191, 2))


def test_a_reserved_status_is_refused() -> None:
    fixed = struct.pack('!IIHHI', 1, 2, 0, 2, 0)
    with pytest.raises(ValueError, match='reserved'):
        parse(fixed + struct.pack('!H', 0b11_11_00_00_00_00_00_00) + bytes(8))


def test_packets_too_far_apart_are_not_reported_together() -> None:
    with pytest.raises(ValueError, match='too far apart'):
        rtcp_packet(TransportFeedback(0, 2, 0, ((0, 0), (1, 40_000))), 1, 2)
