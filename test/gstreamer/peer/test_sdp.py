"""Session descriptions, read and changed."""

import pytest

from webrtc_bridge.gstreamer.peer.sdp import adapted, mids, takes_h264, without_tcp
from webrtc_bridge.peer.negotiation import is_tcp

UDP = 'a=candidate:1 1 UDP 2130706431 192.168.1.7 50000 typ host\r\n'
TCP = 'a=candidate:2 1 TCP 1015021823 192.168.1.7 9 typ host tcptype active\r\n'
VIDEO = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:video0\r\n'
H264 = 'a=rtpmap:96 H264/90000\r\n'


def test_an_offer_asks_for_an_estimate_and_leaves_the_part_in_dtls_to_the_answer() -> None:
    """RFC 8829 section 5.2.1 demands `actpass`; werift and Pion refuse anything else."""
    offer = 'a=rtcp-fb:96 transport-cc\r\na=setup:actpass\r\n'
    assert adapted(offer) == 'a=rtcp-fb:96 goog-remb\r\na=setup:actpass\r\n'


def test_sections_are_known_by_their_mids() -> None:
    assert mids(VIDEO + 'm=application 9 x\r\na=mid:data1\r\n') == ['video0', 'data1']


def test_candidates_by_tcp_are_left_out() -> None:
    assert is_tcp(TCP)
    assert not is_tcp(UDP)
    assert without_tcp(VIDEO + TCP + UDP) == VIDEO + UDP


@pytest.mark.parametrize(
    ('sdp', 'takes'),
    [
        (VIDEO + H264, True),
        (VIDEO.replace(' 9 ', ' 0 ') + H264, False),
        (VIDEO + H264.replace('H264', 'VP8'), False),
        ('', False),
    ],
)
def test_an_answer_takes_h264_or_does_not(sdp: str, takes: bool) -> None:
    assert takes_h264(sdp) is takes
