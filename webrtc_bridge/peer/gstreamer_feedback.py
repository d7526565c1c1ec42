"""What viewers report by RTCP. Without gi and I/O."""

from webrtc_bridge.media.feedback import Feedback

RECEIVER_REPORT, SENDER_REPORT, PAYLOAD_FEEDBACK = 201, 200, 206
APPLICATION_LAYER = 15


def parse_rtcp(data: bytes) -> Feedback:
    """
    Return what a compound RTCP packet says; of what is cut short, nothing.

    RFC 3550 section 6.4; draft-alvestrand-rmcat-remb-03 section 2.2.
    """
    loss: float | None = None
    remb: int | None = None
    position = 0
    while position + 8 <= len(data):
        count, kind = data[position] & 0x1F, data[position + 1]
        end = position + 4 * (1 + int.from_bytes(data[position + 2 : position + 4], 'big'))
        packet = data[position:end]
        position = end
        if kind in (RECEIVER_REPORT, SENDER_REPORT):
            first = 8 if kind == RECEIVER_REPORT else 28
            blocks = [packet[n : n + 24] for n in range(first, first + 24 * count, 24)]
            loss = max((block[4] / 256 for block in blocks if len(block) == 24), default=loss)
        elif (kind, count) == (PAYLOAD_FEEDBACK, APPLICATION_LAYER) and is_remb(packet):
            remb = (int.from_bytes(packet[17:20], 'big') & 0x3FFFF) << (packet[17] >> 2)
    return Feedback(bitrate_estimate=remb, fraction_lost=loss)


def is_remb(packet: bytes) -> bool:
    """Say whether application layer feedback is an estimate of the link's bit rate."""
    return len(packet) >= 20 and packet[12:16] == b'REMB'
