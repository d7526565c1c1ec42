"""Read a viewer's RTCP packets: how well it receives, and what it lost."""

import functools
import struct
import time
from dataclasses import dataclass
from typing import Any

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from webrtc_bridge.media.bandwidth.feedback import NOTHING, Feedback, PacketCounts
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.rtp.sent_packets import SentPackets
from webrtc_bridge.media.rtp.transport_feedback import FORMAT, TransportFeedback, parse


@dataclass
class ArrivalsPacket(RtcpRtpfbPacket):
    """A packet of transport-wide feedback."""

    feedback: TransportFeedback | None = None


@functools.cache
def keep_arrivals() -> None:
    """
    Let RTCP be read with transport-wide feedback.

    aiortc 1.16 takes all feedback of the transport layer for requests for retransmission, and
    refuses what has padding, with all that is in the same datagram.
    """
    packet_class: Any = RtcpRtpfbPacket
    parse_request = packet_class.parse

    def parse_either(data: bytes, fmt: int) -> RtcpRtpfbPacket:
        if fmt != FORMAT:
            return parse_request(data, fmt)  # type: ignore[no-any-return]
        feedback = parse(data)
        ssrc, media_ssrc = struct.unpack_from('!II', data)
        return ArrivalsPacket(fmt, ssrc, media_ssrc, feedback=feedback)

    packet_class.parse = parse_either


def arrivals_in(packet: AnyRtcpPacket, numbered: SentPackets) -> Feedback:
    """Return what `packet` says about packets that were `numbered`."""
    if isinstance(packet, ArrivalsPacket) and packet.feedback:
        return Feedback(packet_results=tuple(numbered.results(packet.feedback)))
    return NOTHING


def is_lost(packet: AnyRtcpPacket) -> bool:
    """Return whether the picture was lost (RFC 4585 section 6.3.1, RFC 5104 section 4.3.1)."""
    return isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR)


def lost(packet: AnyRtcpPacket) -> list[int]:
    """Return the sequence numbers that the viewer misses (RFC 4585 section 6.2.1), each once."""
    if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
        # aiortc 1.16 counts on beyond 65535.
        return list(dict.fromkeys(number & 0xFFFF for number in packet.lost))
    return []


def feedback_of(packet: AnyRtcpPacket, ssrc: int, reported: SentReports) -> Feedback | None:
    """Return the feedback on stream `ssrc` in `packet`; None if it is about something else."""
    if isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
        return _of_report(packet, ssrc, reported)
    if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
        try:
            bitrate, ssrcs = unpack_remb_fci(packet.fci)
        except (ValueError, struct.error):
            return None
        return Feedback(bitrate_estimate=bitrate) if ssrc in ssrcs else None
    return None


def _of_report(packet: RtcpRrPacket | RtcpSrPacket, ssrc: int, reported: SentReports) -> Feedback:
    for report in packet.reports:
        if report.ssrc == ssrc:
            round_trip = reported.round_trip(report.lsr, report.dlsr, time.monotonic())
            counts = PacketCounts(report.highest_sequence, report.packets_lost)
            return Feedback(packets=counts, round_trip=round_trip)
    return NOTHING
