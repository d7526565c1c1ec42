"""Parse the RTCP packets of viewers. Without gi and I/O."""

from webrtc_bridge.media.bandwidth.feedback import Feedback, PacketCounts
from webrtc_bridge.media.bandwidth.sent_reports import SentReports

RECEIVER_REPORT, SENDER_REPORT, PAYLOAD_FEEDBACK = 201, 200, 206
APPLICATION_LAYER = 15


def parse_rtcp(data: bytes, ssrc: int, reported: SentReports, now: float) -> Feedback:
    """
    Return the feedback in a compound RTCP packet; packets that are cut short are ignored.

    It came at `now`, in answer to what was `reported`. Only report blocks on `ssrc` count:
    retransmissions, which have another SSRC, are lost most often on a full link.

    RFC 3550 section 6.4; draft-alvestrand-rmcat-remb-03 section 2.2.
    """
    counts: PacketCounts | None = None
    remb: int | None = None
    round_trip: float | None = None
    position = 0
    while position + 8 <= len(data):
        count, kind = data[position] & 0x1F, data[position + 1]
        end = position + 4 * (1 + int.from_bytes(data[position + 2 : position + 4], 'big'))
        packet = data[position:end]
        position = end
        if kind in (RECEIVER_REPORT, SENDER_REPORT):
            first = 8 if kind == RECEIVER_REPORT else 28
            blocks = [packet[n : n + 24] for n in range(first, first + 24 * count, 24)]
            blocks = [block for block in blocks if is_about(block, ssrc)]
            counts = max(map(counts_of, blocks), default=counts)
            trips = [round_trip_of(block, reported, now) for block in blocks]
            round_trip = max(filter(None, trips), default=round_trip)
        elif (kind, count) == (PAYLOAD_FEEDBACK, APPLICATION_LAYER) and is_remb(packet):
            remb = (int.from_bytes(packet[17:20], 'big') & 0x3FFFF) << (packet[17] >> 2)
    return Feedback(bitrate_estimate=remb, packets=counts, round_trip=round_trip)


def is_about(block: bytes, ssrc: int) -> bool:
    """Return whether a report block is complete, and about `ssrc`."""
    return len(block) == 24 and int.from_bytes(block[:4], 'big') == ssrc


def counts_of(block: bytes) -> PacketCounts:
    """Return what a report block counts."""
    lost = int.from_bytes(block[5:8], 'big', signed=True)
    return PacketCounts(int.from_bytes(block[8:12], 'big'), lost)


def round_trip_of(block: bytes, reported: SentReports, now: float) -> float | None:
    """Return the round trip in seconds that a report block shows; None if it does not."""
    quoted, waited = (int.from_bytes(block[n : n + 4], 'big') for n in (16, 20))
    return reported.round_trip(quoted, waited, now)


def sent_report(data: bytes) -> tuple[int, int] | None:
    """Return the RTP and NTP time in a compound RTCP packet that begins with a sender report."""
    if len(data) < 20 or data[1] != SENDER_REPORT:
        return None
    return int.from_bytes(data[16:20], 'big'), int.from_bytes(data[8:16], 'big')


def is_remb(packet: bytes) -> bool:
    """Return whether application layer feedback is an estimate of the link's bit rate."""
    return len(packet) >= 20 and packet[12:16] == b'REMB'
