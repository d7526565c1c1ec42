"""Reading viewers' RTCP packets."""

import pytest
from aiortc.rtp import (
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
)

from webrtc_bridge.gstreamer.peer.feedback import parse_rtcp, sent_report
from webrtc_bridge.media.bandwidth.feedback import Feedback, PacketCounts
from webrtc_bridge.media.bandwidth.sent_reports import SentReports

SSRC = 5

NOW, SECOND_AGO = 1000.0, 0xABCD1234
'The time, monotonic, and what answers quote of the report that was sent a second ago.'


def report(losses: dict[int, int], lsr: int = 0, dlsr: int = 0) -> bytes:
    blocks = [
        RtcpReceiverInfo(
            **{'ssrc': ssrc, 'fraction_lost': 9, 'packets_lost': lost, 'highest_sequence': 70_000},
            **{'jitter': 1, 'lsr': lsr, 'dlsr': dlsr},
        )
        for ssrc, lost in losses.items()
    ]
    return bytes(RtcpRrPacket(ssrc=1, reports=blocks))


def remb(bitrate: int) -> bytes:
    return bytes(RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=pack_remb_fci(bitrate, [7])))


def parsed(data: bytes) -> Feedback:
    reported = SentReports()
    reported.note(0x1111_0000_0000_0000 | SECOND_AGO << 16, NOW - 1.0)
    return parse_rtcp(data, SSRC, reported, NOW)


def test_loss_is_that_of_the_pictures_not_of_what_is_sent_again():
    expected = Feedback(packets=PacketCounts(70_000, 64))
    assert parsed(report({SSRC: 64})) == expected
    assert parsed(report({SSRC: 64, 9: 200})) == expected
    assert parsed(report({SSRC: -3})) == Feedback(packets=PacketCounts(70_000, -3))
    assert parsed(report({9: 200})) == Feedback()
    assert parsed(report({})) == Feedback()


def test_the_viewers_estimate_is_read_beside_its_report():
    found = parsed(report({SSRC: 0}) + remb(1_500_000))
    assert found.packets == PacketCounts(70_000, 0)
    assert found.bitrate_estimate == pytest.approx(1_500_000, rel=0.01)


def test_a_lost_picture_is_no_estimate():
    assert parsed(bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2))) == Feedback()


def test_what_is_cut_short_says_nothing_and_breaks_nothing():
    whole = report({SSRC: 64}) + remb(1_000_000)
    for end in range(len(whole)):
        parsed(whole[:end])
    assert parsed(whole[:31]) == Feedback()


def test_the_round_trip_is_what_the_viewer_did_not_wait():
    found = parsed(report({SSRC: 0}, lsr=SECOND_AGO, dlsr=65536 * 3 // 4))
    assert found.round_trip == pytest.approx(0.25, abs=1e-4)
    other = parsed(report({SSRC: 0}, lsr=SECOND_AGO - 1, dlsr=65536 * 3 // 4))
    assert other.round_trip is None


def test_the_times_of_a_sent_report_are_found():
    info = RtcpSenderInfo(
        ntp_timestamp=0x1234_5678_9ABC_DEF0, rtp_timestamp=1, packet_count=2, octet_count=3
    )
    sent = bytes(RtcpSrPacket(ssrc=SSRC, sender_info=info))
    assert sent_report(sent + report({SSRC: 0})) == (1, 0x1234_5678_9ABC_DEF0)
    assert sent_report(report({SSRC: 0})) is None
    assert sent_report(sent[:19]) is None


def test_a_report_of_before_the_first_sender_report_tells_no_round_trip():
    assert parsed(report({SSRC: 0})).round_trip is None
