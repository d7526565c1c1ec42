"""Session descriptions, read and changed."""

from webrtc_bridge.gstreamer.peer.sdp import adapted, mids, with_retransmission, without_tcp
from webrtc_bridge.peer.negotiation import is_tcp

UDP = 'a=candidate:1 1 UDP 2130706431 192.168.1.7 50000 typ host\r\n'
TCP = 'a=candidate:2 1 TCP 1015021823 192.168.1.7 9 typ host tcptype active\r\n'
VIDEO = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:video0\r\n'
H264 = 'a=rtpmap:96 H264/90000\r\n'


def test_an_offer_asks_for_arrivals_or_an_estimate_and_keeps_the_part_in_dtls_open() -> None:
    """RFC 8829 section 5.2.1 demands `actpass`; werift and Pion refuse anything else."""
    offer = 'a=rtcp-fb:96 transport-cc\r\na=setup:actpass\r\n'
    assert adapted(offer) == offer.replace('a=setup', 'a=rtcp-fb:96 goog-remb\r\na=setup')


def test_sections_are_known_by_their_mids() -> None:
    assert mids(VIDEO + 'm=application 9 x\r\na=mid:data1\r\n') == ['video0', 'data1']


def test_candidates_by_tcp_are_left_out() -> None:
    assert is_tcp(TCP)
    assert not is_tcp(UDP)
    assert without_tcp(VIDEO + TCP + UDP) == VIDEO + UDP


def test_every_format_of_video_can_be_sent_again() -> None:
    """webrtcbin 1.22 offers that for the first one alone."""
    formats = H264 + 'a=rtpmap:97 VP8/90000\r\na=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=96\r\n'
    channel = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'
    offer = VIDEO.replace('96', '96 97 98') + formats + channel
    first, *lines = with_retransmission(offer).splitlines(keepends=True)
    assert first == 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99\r\n'
    assert lines[-3:] == ['a=rtpmap:99 rtx/90000\r\n', 'a=fmtp:99 apt=97\r\n', channel]
    assert with_retransmission(first + ''.join(lines)) == first + ''.join(lines)
