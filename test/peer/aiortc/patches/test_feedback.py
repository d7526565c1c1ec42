import struct
import time

import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
)

from webrtc_bridge.media.bandwidth.feedback import Feedback, PacketCounts
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.rtp.sent_packets import SentPackets
from webrtc_bridge.media.rtp.transport_feedback import TransportFeedback, rtcp_packet
from webrtc_bridge.peer.aiortc.patches.feedback import (
    arrivals_in,
    feedback_of,
    is_lost,
    keep_arrivals,
    lost,
)

OURS, OTHER, VIEWER = 7, 8, 9


def report(ssrc=OURS, lost=0, lsr=0, dlsr=0):
    block = RtcpReceiverInfo(
        ssrc=ssrc,
        fraction_lost=64,
        packets_lost=lost,
        highest_sequence=70_000,
        jitter=0,
        lsr=lsr,
        dlsr=dlsr,
    )
    return RtcpRrPacket(ssrc=VIEWER, reports=[block])


def payload_feedback(fmt, fci=b''):
    return RtcpPsfbPacket(fmt=fmt, ssrc=VIEWER, media_ssrc=OURS, fci=fci)


@pytest.mark.parametrize('lost', [0, 64, -3])
def test_a_report_tells_the_loss(lost):
    """Packets that come twice count, so that less than none may be lost."""
    expected = Feedback(packets=PacketCounts(70_000, lost))
    assert feedback_of(report(lost=lost), OURS, SentReports()) == expected


def test_a_report_about_another_stream_only_shows_that_the_viewer_is_there():
    assert feedback_of(report(OTHER, 64), OURS, SentReports()) == Feedback()


def test_the_answer_to_a_report_tells_the_round_trip():
    reported = SentReports()
    reported.note(1234 << 16, time.monotonic() - 1.0)
    feedback = feedback_of(report(lsr=1234, dlsr=int(0.75 * 65536)), OURS, reported)
    assert feedback
    assert feedback.round_trip
    assert 0.249 < feedback.round_trip < 2.0  # and the time that this took


def test_an_estimate_of_the_bit_rate_is_told():
    packet = payload_feedback(15, pack_remb_fci(250_000, [OTHER, OURS]))
    assert feedback_of(packet, OURS, SentReports()) == Feedback(bitrate_estimate=250_000)


@pytest.mark.parametrize(
    'fci', [pack_remb_fci(250_000, [OTHER]), b'REMB\xff\0\0\0', b'REMB', b'else']
)
def test_an_estimate_that_is_broken_or_of_others_is_not(fci):
    assert feedback_of(payload_feedback(15, fci), OURS, SentReports()) is None


@pytest.mark.parametrize('fmt', [1, 4])
def test_the_picture_is_lost(fmt):
    packet = payload_feedback(fmt)
    assert is_lost(packet)
    assert not lost(packet)
    assert feedback_of(packet, OURS, SentReports()) is None


def test_packets_are_lost():
    packet = RtcpRtpfbPacket(fmt=1, ssrc=VIEWER, media_ssrc=OURS)
    packet.lost = [3, 5]
    assert lost(packet) == [3, 5]
    assert not is_lost(packet)


def test_other_packets_tell_nothing():
    bye = RtcpByePacket(sources=[VIEWER])
    assert (is_lost(bye), lost(bye), feedback_of(bye, OURS, SentReports())) == (False, [], None)


def test_lost_packets_are_found_beyond_the_end_of_their_numbers():
    """A browser's request for 65534 to 1: the bits of what follows go on at 0."""
    request = struct.pack('!BBHLLHH', 0x81, 205, 3, VIEWER, OURS, 65_534, 0b111)
    (packet,) = RtcpPacket.parse(request)
    assert lost(packet) == [65_534, 65_535, 0, 1]


def test_each_lost_packet_is_named_once():
    packet = RtcpRtpfbPacket(fmt=1, ssrc=VIEWER, media_ssrc=OURS, lost=[5, 6, 5, 5])
    assert lost(packet) == [5, 6]


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_arrivals_are_read_with_padding_of_each_length_and_are_no_requests(count):
    keep_arrivals()
    numbered = SentPackets()
    for _ in range(count):
        numbered.note_retransmission(1000, 1.0)
    arrivals = tuple((number, 4000) for number in range(count))
    feedback = TransportFeedback(0, count, 0, arrivals)
    both = rtcp_packet(feedback, VIEWER, OTHER) + bytes(payload_feedback(1))
    packet, request = RtcpPacket.parse(both)
    assert arrivals_in(packet, numbered).packet_results == ((1.0, 1.0, 1000, True),) * count
    assert lost(packet) == []
    assert feedback_of(packet, OURS, SentReports()) is None
    assert arrivals_in(request, numbered) == Feedback()
    assert is_lost(request)


def test_requests_for_retransmission_are_read_as_before():
    keep_arrivals()
    request = RtcpRtpfbPacket(fmt=1, ssrc=VIEWER, media_ssrc=OURS, lost=[5, 7])
    (packet,) = RtcpPacket.parse(bytes(request))
    assert lost(packet) == [5, 7]
