"""
The CPU that the costliest packets of a peer take: RTP, RTCP and data channels.

Each limit is about five times what the packet took on a machine of 2026, and a small part of what
it took before its cost was bounded.
"""

import itertools
import struct
from collections.abc import Callable, Iterable

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtcsctptransport import DataChunk, SackChunk
from aiortc.rtp import RtcpPacket, RtpPacket
from support.cpu_time import measured

from webrtc_bridge.gstreamer.peer.feedback import parse_rtcp
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.rtp.frame_assembler import CAPACITY, FrameAssembler, MediaPacket
from webrtc_bridge.media.rtp.outbound_rtp import MOST_AGAIN, OutboundRtp, RtpFormat
from webrtc_bridge.peer.aiortc.patches.data_guard import guard_data
from webrtc_bridge.peer.aiortc.patches.feedback import lost
from webrtc_bridge.peer.aiortc.patches.rtp_guard import MOST_STREAMS, RecentStreams, guard_rtp

SPS, SLICE = b'\x67\x42\xc0\x1f', b'\x41\x9a'
STAP_A = b'\x78' + b'\0\1\x41' * 400
'A payload of 400 NAL units.'

VIEWER, OURS = 9, 7


@pytest.fixture(autouse=True)
def _guarded():
    guard_rtp()
    guard_data()


def cost(action: Callable[[], object]) -> float:
    """Return the CPU time that an action takes, in seconds."""
    with measured() as spent:
        action()
    return spent.seconds


def packet(sequence: int, payload: bytes, marker: bool = False, timestamp: int = 0) -> MediaPacket:
    return MediaPacket(sequence & 0xFFFF, timestamp, marker, payload, payload, 0)


def after_a_keyframe(packets: Iterable[MediaPacket]) -> Iterable[MediaPacket]:
    return itertools.chain([packet(0, SPS, marker=True)], packets)


def beyond_a_gap() -> Iterable[MediaPacket]:
    """Packets that each seem to start a keyframe, of which none ends."""
    return after_a_keyframe(packet(2 + n, SPS) for n in range(8000))


def skipped_one_by_one() -> Iterable[MediaPacket]:
    """A keyframe beyond one gap after another, while thousands wait far ahead."""
    waiting = (packet(20_000 + n, SLICE) for n in range(CAPACITY - 10))
    keyframes = (packet(2 + 2 * n, SPS, marker=True) for n in range(4000))
    return after_a_keyframe(itertools.chain(waiting, keyframes))


def taken_one_by_one() -> Iterable[MediaPacket]:
    """Small frames in order, while what seems to start many keyframes waits beyond a gap."""
    waiting = (packet(10_000 + n, SPS) for n in range(7000))
    frames = (packet(1 + n, SLICE, marker=True, timestamp=n) for n in range(4000))
    return after_a_keyframe(itertools.chain(waiting, frames))


def without_end() -> Iterable[MediaPacket]:
    """One frame that never ends, over and over the capacity."""
    return after_a_keyframe(packet(1 + n, SPS, timestamp=1) for n in range(20_000))


def of_many_units() -> Iterable[MediaPacket]:
    return after_a_keyframe(packet(2 + n, STAP_A) for n in range(2000))


@pytest.mark.parametrize(
    ('packets', 'microseconds'),
    [
        (beyond_a_gap, 150),
        (skipped_one_by_one, 30),
        (taken_one_by_one, 150),
        (without_end, 100),
        (of_many_units, 500),
    ],
    ids=lambda value: getattr(value, '__name__', ''),
)
def test_no_order_of_packets_costs_the_assembler_much(packets, microseconds):
    made = list(packets())
    assembler = FrameAssembler(Codec.H264)
    spent = cost(lambda: [assembler.add(one, 0.0) for one in made])
    print(f'{spent / len(made) * 1e6:.1f} us a packet')
    assert spent / len(made) < microseconds / 1e6


def test_gaps_cost_no_more_than_what_is_requested():
    """Each gap of 32,767 took 20 ms."""
    generator = NackGenerator()
    numbers = [n * 32_767 & 0xFFFF for n in range(300)]
    packets = [RtpPacket(payload_type=97, sequence_number=number) for number in numbers]
    assert cost(lambda: [generator.add(one) for one in packets]) / len(packets) < 1e-3
    assert generator.missing == {(numbers[-1] - n) & 0xFFFF for n in range(1, 129)}


@pytest.mark.parametrize('step', [1, 2, 128, 129, 130, 131, 500, 32_767])
def test_what_is_missing_is_as_before(step):
    generator = NackGenerator()
    for number in (0, step):
        generator.add(RtpPacket(payload_type=97, sequence_number=number))
    assert generator.max_seq == step
    assert generator.missing == set(range(max(1, step - 128), step))


def test_streams_without_end_are_not_kept():
    streams = RecentStreams({1: 'first'})
    for ssrc in range(100_000):
        streams[ssrc] = 'another'
    assert list(streams) == list(range(100_000 - MOST_STREAMS, 100_000))


def test_a_request_for_thousands_of_packets_is_answered_in_part():
    """One datagram of 1,492 bytes: 370 words, each of 17 numbers."""
    rtp = OutboundRtp(RtpFormat(OURS, 96, '', {}, (8, 97)))
    rtp.packets([b'x' * 1200] * 2000, 0, 0.0)
    words = [struct.pack('!HH', (rtp.last - 17 * n) & 0xFFFF, 0xFFFF) for n in range(370)]
    request = struct.pack('!BBHLL', 0x81, 205, 2 + len(words), VIEWER, OURS) + b''.join(words)
    again = []

    def answer():
        (asked,) = RtcpPacket.parse(request)
        again.extend(filter(None, (rtp.retransmission(number, 0.0) for number in lost(asked))))

    assert cost(answer) < 0.03
    assert len(again) == MOST_AGAIN


def test_reports_without_end_cost_no_more_than_their_bytes():
    datagram = struct.pack('!BBHL', 0x80, 201, 1, VIEWER) * 180
    reported = SentReports()
    assert cost(lambda: [parse_rtcp(datagram, OURS, reported, 0.0) for _ in range(100)]) < 0.2
    assert cost(lambda: [RtcpPacket.parse(datagram) for _ in range(100)]) < 0.3


async def test_chunks_of_data_channels_cost_little_in_any_order():
    """They took 2.6 s, most of it for one acknowledgement."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel('clock')
    sctp = connection.sctp
    sctp._last_received_tsn = 0
    acknowledgement = SackChunk()
    acknowledgement.gaps = [(1, 65_535)] * 290
    misordered = [DataChunk(flags=3) for _ in range(5000)]
    for number, chunk in enumerate(misordered):
        chunk.tsn = 2 + number * 2
        chunk.stream_id = chunk.stream_seq = chunk.protocol = 0
    with measured() as spent:
        for chunk in (acknowledgement, *misordered):
            await sctp._receive_chunk(chunk)
    print(f'{spent.seconds:.3f} s')
    assert spent.seconds < 1.0
    await connection.close()
