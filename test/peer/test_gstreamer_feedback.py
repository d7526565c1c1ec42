"""What is read in viewers' RTCP packets."""

import pytest
from aiortc.rtp import RtcpPsfbPacket, RtcpReceiverInfo, RtcpRrPacket, pack_remb_fci

from webrtc_bridge.media.feedback import Feedback
from webrtc_bridge.peer.gstreamer_feedback import parse_rtcp


def report(*fractions: int) -> bytes:
    blocks = [
        RtcpReceiverInfo(
            ssrc=n, fraction_lost=lost, packets_lost=9, highest_sequence=5, jitter=1, lsr=2, dlsr=3
        )
        for n, lost in enumerate(fractions)
    ]
    return bytes(RtcpRrPacket(ssrc=1, reports=blocks))


def remb(bitrate: int) -> bytes:
    return bytes(RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=pack_remb_fci(bitrate, [7])))


def test_loss_is_that_of_the_worst_stream():
    assert parse_rtcp(report(64)) == Feedback(fraction_lost=0.25)
    assert parse_rtcp(report(0, 128)) == Feedback(fraction_lost=0.5)
    assert parse_rtcp(report()) == Feedback()


def test_the_viewers_estimate_is_read_beside_its_report():
    found = parse_rtcp(report(0) + remb(1_500_000))
    assert found.fraction_lost == 0
    assert found.bitrate_estimate == pytest.approx(1_500_000, rel=0.01)


def test_a_lost_picture_is_no_estimate():
    assert parse_rtcp(bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2))) == Feedback()


def test_what_is_cut_short_says_nothing_and_breaks_nothing():
    whole = report(64) + remb(1_000_000)
    for end in range(len(whole)):
        parse_rtcp(whole[:end])
    assert parse_rtcp(whole[:31]) == Feedback()
