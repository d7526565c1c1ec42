"""Announcements of DDS participants, as bytes."""

import struct

import pytest

from webrtc_bridge.nodes.publishing.announcements import (
    ANNOUNCER,
    MOST_PARTICIPANTS,
    Announcements,
    Participant,
    announced,
)

PREFIX = bytes.fromhex('010fc0cd22445ba100000000')
UDP, TCP, SHARED_2, SHARED_3 = 1, 4, 16, 19


def parameter(endian: str, identity: int, value: bytes) -> bytes:
    return struct.pack(endian + 'HH', identity, len(value)) + value


def locator(endian: str, kind: int, port: int, identity: int = 0x31) -> bytes:
    return parameter(endian, identity, struct.pack(endian + 'iI', kind, port) + bytes(16))


def packet(*locators, endian='<', qos=b'', writer=ANNOUNCER, before=b''):
    flag = endian == '<'
    data = b''.join(locator(endian, *each) for each in locators) + struct.pack(endian + 'HH', 1, 0)
    body = (
        struct.pack(endian + 'HH', 0, 16)
        + bytes(4)
        + writer
        + bytes(8)
        + qos
        + bytes([0, 2 + flag, 0, 0])
        + data
    )
    header = struct.pack(endian + 'BBH', 0x15, 4 + 2 * bool(qos) + flag, len(body))
    return b'RTPS\x02\x02\x01\x0f' + PREFIX + before + header + body


@pytest.mark.parametrize('endian', ['<', '>'])
@pytest.mark.parametrize(
    ('locators', 'port'),
    [
        ([(UDP, 7411), (SHARED_2, 7413)], 7413),
        ([(SHARED_3, 7413), (UDP, 7411)], 7413),
        ([(UDP, 7411), (TCP, 7412)], None),
        ([(SHARED_3, 7413, 0x32)], None),  # for metatraffic alone
        ([], None),
    ],
)
def test_a_participant_says_where_in_shared_memory_it_receives(endian, locators, port):
    assert announced(packet(*locators, endian=endian)) == Participant(PREFIX, port)


@pytest.mark.parametrize('endian', ['<', '>'])
def test_what_comes_before_the_locators_is_skipped(endian):
    qos = parameter(endian, 0x71, bytes(4)) + struct.pack(endian + 'HH', 1, 0)
    timestamp = struct.pack(endian + 'BBH', 9, endian == '<', 8) + bytes(8)
    whole = packet((SHARED_3, 7413), endian=endian, qos=qos, before=timestamp)
    assert announced(whole) == Participant(PREFIX, 7413)


def test_other_packets_announce_nobody():
    assert announced(packet((SHARED_3, 7413), writer=bytes(4))) is None
    assert announced(b'RTPX' + packet()[4:]) is None
    assert announced(b'') is None


def test_a_packet_that_is_cut_short_or_changed_ends_nothing():
    whole = packet((UDP, 7411), (SHARED_3, 7413))
    heard = Announcements()
    for end in range(len(whole)):
        heard.datagram_received(whole[:end], None)
        heard.datagram_received(whole[:end] + b'\xff' + whole[end + 1 :], None)


def test_what_is_kept_is_bounded():
    heard = Announcements()
    for number in range(2 * MOST_PARTICIPANTS):
        heard.datagram_received(packet((SHARED_3, number)), None)
    assert len(heard.participants) == MOST_PARTICIPANTS
