"""Parse the RTCP packets of viewers. Without gi and I/O."""

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.round_trip import measured
from webrtc_bridge.media.rtp.capture_clock import NTP_EPOCH

RECEIVER_REPORT, SENDER_REPORT, PAYLOAD_FEEDBACK = 201, 200, 206
APPLICATION_LAYER = 15

SHORT_NTP = 1 << 16
'Parts of a second in the short form of NTP time, which has 16 bits for seconds, too.'


def parse_rtcp(data: bytes, ssrc: int, now: float) -> Feedback:
    """
    Return the feedback in a compound RTCP packet; packets that are cut short are ignored.

    It came at `now`, Unix time in seconds as in sender reports. Only report blocks on `ssrc`
    count: retransmissions, which have another SSRC, are lost most often on a full link.

    RFC 3550 section 6.4; draft-alvestrand-rmcat-remb-03 section 2.2.
    """
    loss: float | None = None
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
            loss = max((block[4] / 256 for block in blocks), default=loss)
            trips = [trip for block in blocks if (trip := round_trip_of(block, now)) is not None]
            round_trip = max(trips, default=round_trip)
        elif (kind, count) == (PAYLOAD_FEEDBACK, APPLICATION_LAYER) and is_remb(packet):
            remb = (int.from_bytes(packet[17:20], 'big') & 0x3FFFF) << (packet[17] >> 2)
    return Feedback(bitrate_estimate=remb, fraction_lost=loss, round_trip=round_trip)


def is_about(block: bytes, ssrc: int) -> bool:
    """Return whether a report block is complete, and about `ssrc`."""
    return len(block) == 24 and int.from_bytes(block[:4], 'big') == ssrc


def round_trip_of(block: bytes, now: float) -> float | None:
    """Return the round trip in seconds that a report block shows; None if it does not."""
    reported, waited = (int.from_bytes(block[n : n + 4], 'big') for n in (16, 20))
    if not reported or not waited:
        return None
    trip = (int((now + NTP_EPOCH) * SHORT_NTP) - reported - waited) % (1 << 32) / SHORT_NTP
    return measured(trip)


def is_remb(packet: bytes) -> bool:
    """Return whether application layer feedback is an estimate of the link's bit rate."""
    return len(packet) >= 20 and packet[12:16] == b'REMB'
