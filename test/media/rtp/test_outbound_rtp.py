import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket, unwrap_rtx
from pylibsrtp import Policy, Session

from webrtc_bridge.media.frames import SourceHeader
from webrtc_bridge.media.rtp.outbound_rtp import (
    ABS_SEND_TIME,
    HISTORY,
    MID,
    MOST_AGAIN,
    OutboundRtp,
    RtpFormat,
)
from webrtc_bridge.media.rtp.payloader import LARGEST_PAYLOAD
from webrtc_bridge.media.rtp.source_header import MOST_BYTES, SOURCE_HEADER, parsed
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER, TransportFeedback
from webrtc_bridge.peer.aiortc.patches.header_extensions import SourceHeaderMap, source_header_of

NOW = 1_700_000_000.5
SSRC, RTX_SSRC = 0xFEDCBA98, 0x12345678
TYPE, RTX_TYPE = 99, 100
PAYLOADS = (b'first', b'second', b'', b'last')


def form(mid='video', ids=None, retransmission=(RTX_SSRC, RTX_TYPE)):
    ids = {MID: 1, ABS_SEND_TIME: 2} if ids is None else ids
    return RtpFormat(SSRC, TYPE, mid, ids, retransmission)


def parse(packet, ids, extensions=None):
    """Return `packet` as aiortc parses it."""
    extensions = extensions or HeaderExtensionsMap()
    known = [RTCRtpHeaderExtensionParameters(id=number, uri=uri) for uri, number in ids.items()]
    extensions.configure(RTCRtpParameters(headerExtensions=known))
    return RtpPacket.parse(packet, extensions)


def sent(rtp, payloads=PAYLOADS, timestamp=3000, now=NOW, ids=None):
    ids = {MID: 1, ABS_SEND_TIME: 2} if ids is None else ids
    return [parse(packet, ids) for packet in rtp.packets(payloads, timestamp, now)]


def test_a_frame_is_consecutive_packets_and_the_last_is_marked():
    packets = sent(OutboundRtp(form()))
    assert [packet.payload for packet in packets] == list(PAYLOADS)
    assert [packet.marker for packet in packets] == [0, 0, 0, 1]
    assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(SSRC, TYPE)}
    first = packets[0].sequence_number
    assert [packet.sequence_number for packet in packets] == list(range(first, first + 4))


def test_the_last_packet_can_be_sent_again():
    rtp = OutboundRtp(form(retransmission=None))
    packets = rtp.packets(PAYLOADS, 3000, NOW)
    assert rtp.retransmission(rtp.last, NOW) == packets[-1]


HEADER_IDS = {MID: 1, ABS_SEND_TIME: 3, SOURCE_HEADER: 9}
HEADER = SourceHeader(1_004_000_000_001, 'rover/cam_left', simulated=True)


@pytest.mark.parametrize('retransmission', [None, (RTX_SSRC, RTX_TYPE)])
def test_the_last_packet_carries_the_header_of_the_source(retransmission):
    rtp = OutboundRtp(form(ids=HEADER_IDS, retransmission=retransmission))
    packets = rtp.packets(PAYLOADS, 3000, NOW, HEADER)
    packets.append(rtp.retransmission(rtp.last, NOW))
    seen = [parse(packet, HEADER_IDS, SourceHeaderMap()) for packet in packets]
    headers = [parsed(source_header_of(packet)) for packet in seen]
    assert headers == [None, None, None, HEADER, HEADER]
    assert {packet.extensions.mid for packet in seen} == {'video'}
    assert {packet.extensions.abs_send_time / (1 << 18) for packet in seen} == {NOW % 64}
    assert [packet.payload[-4:] for packet in seen[-2:]] == [b'last'] * 2


def test_a_peer_that_has_not_agreed_to_it_gets_no_header():
    rtp = OutboundRtp(form())
    packets = rtp.packets(PAYLOADS, 3000, NOW, HEADER)
    assert len({packet[1:].partition(b'\xbe\xde')[1] for packet in packets}) == 1
    assert [len(packet) for packet in packets] == [12 + 16 + len(data) for data in PAYLOADS]


def test_the_largest_packet_can_be_protected_and_fits_ethernet():
    rtp = OutboundRtp(form('m' * 16, {**HEADER_IDS, TRANSPORT_NUMBER: 4}))
    header = SourceHeader(1, 'f' * MOST_BYTES)
    packets = rtp.packets([bytes(LARGEST_PAYLOAD)], 3000, NOW, header)
    packets.append(rtp.retransmission(rtp.last, NOW))
    policy = Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND)
    ipv6_and_udp, turn = 48, 36
    for packet in packets:
        protected = Session(policy=policy).protect(packet)
        assert len(protected) + ipv6_and_udp + turn <= 1500


def test_sequence_numbers_go_on_and_wrap_around():
    rtp = OutboundRtp(form())
    numbers = [packet.sequence_number for _ in range(80) for packet in sent(rtp, [b'x'] * 1000)]
    assert numbers[0] < 1 << 15
    assert numbers == [(numbers[0] + n) & 0xFFFF for n in range(80_000)]


def test_timestamps_start_at_random_and_keep_their_distance():
    rtp = OutboundRtp(form())
    stamps = [sent(rtp, timestamp=t)[0].timestamp for t in (0, 3000, 0xFFFFFFFF)]
    assert stamps == [rtp.timestamp(t) for t in (0, 3000, 0xFFFFFFFF)]
    assert (stamps[1] - stamps[0]) & 0xFFFFFFFF == 3000
    assert (stamps[0] - stamps[2]) & 0xFFFFFFFF == 1
    assert len({OutboundRtp(form()).timestamp(0) for _ in range(5)}) > 1


def test_packets_carry_their_media_id_and_the_time_of_sending():
    for packet in sent(OutboundRtp(form())):
        assert packet.extensions.mid == 'video'
        seconds = packet.extensions.abs_send_time / (1 << 18)
        assert seconds == pytest.approx(NOW % 64, abs=1e-5)


@pytest.mark.parametrize(
    ('mid', 'ids', 'told'),
    [
        ('0', {}, (None, None)),
        ('0', {MID: 4}, ('0', None)),
        ('', {MID: 4}, (None, None)),
        ('a mid that is too long', {MID: 4}, (None, None)),
        ('0', {MID: 15, ABS_SEND_TIME: 14}, (None, 8192 * 1024)),
        ('0', {MID: 0, ABS_SEND_TIME: 300}, (None, None)),
        ('0', {'urn:ietf:params:rtp-hdrext:toffset': 3}, (None, None)),
    ],
)
def test_only_extensions_that_are_negotiated_and_fit_are_sent(mid, ids, told):
    rtp = OutboundRtp(form(mid, ids))
    (packet,) = sent(rtp, [b'payload'], now=32.0, ids=ids)
    assert (packet.extensions.mid, packet.extensions.abs_send_time) == told
    assert packet.payload == b'payload'


def test_a_lost_packet_is_sent_again_in_a_stream_of_its_own():
    rtp = OutboundRtp(form())
    packets = sent(rtp)
    again = [
        parse(rtp.retransmission(packet.sequence_number, NOW + 1), {ABS_SEND_TIME: 2})
        for packet in packets
    ]
    first = again[0].sequence_number
    assert [packet.sequence_number for packet in again] == list(range(first, first + 4))
    for packet, copy in zip(packets, again, strict=True):
        assert (copy.ssrc, copy.payload_type) == (RTX_SSRC, RTX_TYPE)
        assert (copy.timestamp, copy.marker) == (packet.timestamp, packet.marker)
        # Its own time: with that of the lost packet it would seem to have been delayed.
        time = copy.extensions.abs_send_time / (1 << 18)
        assert time == pytest.approx((NOW + 1) % 64, abs=1e-5)
        original = unwrap_rtx(copy, TYPE, SSRC)
        assert original.sequence_number == packet.sequence_number
        assert original.payload == packet.payload


def test_without_such_a_stream_a_packet_is_sent_again_unchanged():
    rtp = OutboundRtp(form(retransmission=None))
    packets = rtp.packets(PAYLOADS, 3000, NOW)
    numbers = [parse(packet, {}).sequence_number for packet in packets]
    assert [rtp.retransmission(number, NOW + 1) for number in numbers] == packets


def test_a_packet_that_was_never_sent_or_is_forgotten_is_not_sent_again():
    rtp = OutboundRtp(form())
    first = sent(rtp)[0].sequence_number
    assert rtp.retransmission(first, NOW)
    assert rtp.retransmission((first + 4) & 0xFFFF, NOW) is None
    assert rtp.retransmission((first - HISTORY) & 0xFFFF, NOW) is None
    sent(rtp, [b'x'] * (HISTORY - 4))
    assert rtp.retransmission(first, NOW)
    sent(rtp, [b'x'])
    assert rtp.retransmission(first, NOW) is None


def test_after_forget_no_packet_is_sent_again():
    rtp = OutboundRtp(form())
    forgotten = sent(rtp)[0].sequence_number
    rtp.forget()
    kept = sent(rtp)[0].sequence_number
    assert rtp.retransmission(forgotten, NOW) is None
    assert rtp.retransmission(kept, NOW)


def test_a_viewer_gets_no_more_again_than_half_of_what_it_was_sent():
    rtp = OutboundRtp(form())
    rtp.packets([b'x'] * 100, 3000, NOW)
    asked = [rtp.last] * (MOST_AGAIN + 100)
    assert sum(rtp.retransmission(number, NOW) is not None for number in asked) == MOST_AGAIN
    rtp.packets([b'x'] * 100, 6000, NOW)
    assert sum(rtp.retransmission(number, NOW) is not None for number in asked) == 50


NUMBERED_IDS = {MID: 1, ABS_SEND_TIME: 3, TRANSPORT_NUMBER: 4, SOURCE_HEADER: 9}


@pytest.mark.parametrize('header', [None, HEADER])
def test_packets_are_numbered_for_the_transport_retransmissions_too(header):
    rtp = OutboundRtp(form(ids=NUMBERED_IDS))
    packets = rtp.packets(PAYLOADS, 3000, NOW, header)
    packets.append(rtp.retransmission(rtp.last, NOW))
    packets += rtp.packets(PAYLOADS, 6000, NOW, header)
    seen = [parse(packet, NUMBERED_IDS).extensions for packet in packets]
    assert [extensions.transport_sequence_number for extensions in seen] == list(range(9))
    assert {extensions.mid for extensions in seen} == {'video'}
    assert {extensions.abs_send_time / (1 << 18) for extensions in seen} == {NOW % 64}


def test_numbered_packets_are_remembered_with_their_sizes_and_times():
    rtp = OutboundRtp(form(ids=NUMBERED_IDS))
    rtp.packets((b'x' * 1000, b'y' * 500), 3000, 1.0)
    rtp.retransmission(rtp.last, 2.0)
    feedback = TransportFeedback(0, 3, 0, ((0, 4000), (2, 8000)))
    assert rtp.numbered.results(feedback) == [
        (1.0, 1.0, 1000, False),
        (1.0, None, 500, False),
        (2.0, 2.0, 500, True),
    ]


def test_without_the_extension_no_packet_is_numbered():
    rtp = OutboundRtp(form())
    rtp.packets(PAYLOADS, 3000, NOW)
    rtp.retransmission(rtp.last, NOW)
    assert rtp.numbered.next == 0
