"""What viewers report by RTCP, and the bit rate that follows from it. Without gi and I/O."""

from dataclasses import dataclass

RECEIVER_REPORT, SENDER_REPORT, PAYLOAD_FEEDBACK = 201, 200, 206
APPLICATION_LAYER = 15

TOO_MUCH_LOSS, NO_LOSS = 0.10, 0.02
'Parts of the packets above which the bit rate falls, and below which it rises.'

INTERVAL = 1.0
'Seconds between two steps that follow from loss.'

LOWEST_PART = 0.1
'The lowest bit rate, as a part of the highest.'

MARGIN = 0.9
'The part of what a viewer says its link carries that pictures may take.'


@dataclass(frozen=True, slots=True)
class Feedback:
    """A viewer's packet loss (a part of 1) and what its link carries (bit/s), where told."""

    loss: float | None = None
    remb: int | None = None


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
    return Feedback(loss, remb)


def is_remb(packet: bytes) -> bool:
    """Say whether application layer feedback is an estimate of the link's bit rate."""
    return len(packet) >= 20 and packet[12:16] == b'REMB'


class ViewerRate:
    """The bit rate that one viewer allows, of at most `highest`. Reads no clock."""

    def __init__(self) -> None:
        self._part = 1.0
        self._remb: int | None = None
        self._stepped = float('-inf')

    def report(self, feedback: Feedback, now: float) -> None:
        """Take what the viewer reported at `now` (seconds)."""
        if feedback.remb is not None:
            self._remb = feedback.remb
        if feedback.loss is None or now - self._stepped < INTERVAL:
            return
        self._stepped = now
        # As in draft-ietf-rmcat-gcc-02, section 6.
        if feedback.loss > TOO_MUCH_LOSS:
            self._part = max(LOWEST_PART, self._part * (1 - 0.5 * feedback.loss))
        elif feedback.loss < NO_LOSS:
            self._part = min(1.0, self._part * 1.05)

    def allowed(self, highest: int) -> int:
        """Return the bit rate that may be sent."""
        rate = highest * self._part
        if self._remb is not None:
            rate = min(rate, MARGIN * self._remb)
        return int(max(rate, highest * LOWEST_PART))
