"""The fate of each packet, by the events of GStreamer's RTP session. Without gi and I/O."""

from typing import Any

from webrtc_bridge.gstreamer.peer.retransmission import NUMBERS
from webrtc_bridge.media.rtp.sent_packets import (
    LOOKS,
    MOST_LOOKS,
    REPORT,
    ArrivalClock,
    PacketResult,
)
from webrtc_bridge.media.rtp.transport_feedback import MOST_STATUSES, TICK

REPORTED = 'RTPTWCCPackets'
'The event with what one packet of transport-wide feedback says (rtpstats.c of gst-plugins-good).'

UNKNOWN = 0xFFFFFFFFFFFFFFFF
'The time of sending of packets that were reported before, or never sent (GST_CLOCK_TIME_NONE).'

NS_PER_TICK = round(TICK * 1e9)

MOST_MISSING = 512
'Packets that were reported missing and may still come.'


class Arrivals:
    """
    Read the fate of packets; those of another type than `payload_type` are retransmissions.

    Reads no clock: the session's times of sending are those of `time.monotonic`.
    """

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._clock = ArrivalClock()
        self._newest: int | None = None
        self._missing: dict[int, PacketResult] = {}
        self._sequence: int | None = None
        self._allowed = self._looked = 0

    def may_look(self, sequence: int) -> bool:
        """
        Return whether to read one more report, now that packet `sequence` of the video was sent.

        Packets that were never sent cost as much as others: a report can name 65,535 of them.
        """
        if self._sequence is not None:
            self._allowed += LOOKS * ((sequence - self._sequence) % NUMBERS)
        self._sequence = sequence
        self._looked = max(self._looked, self._allowed - MOST_LOOKS)
        return self._looked <= self._allowed

    def results(self, report: Any) -> tuple[PacketResult, ...]:
        """Return what is news in the structure of an event `REPORTED`, in the order of sending."""
        packets = report.get_value('packets')
        self._looked += len(packets) + REPORT
        # GStreamer takes a report that begins at 65535, after one that ended at 0, for one that
        # begins 65,534 packets later, and those for lost (rtptwcc.c).
        if len(packets) > MOST_STATUSES:
            return ()
        return tuple(filter(None, map(self._result, packets)))

    def _result(self, packet: Any) -> PacketResult | None:
        number, sent = packet.get_value('seqnum'), packet.get_value('local-ts')
        is_lost = packet.get_value('lost')
        if not self._is_new(number, sent):
            before = None if is_lost else self._missing.pop(number, None)
            return before and before._replace(arrived=self._arrived(packet))
        self._newest = number
        self._missing.pop(number, None)
        result = PacketResult(
            sent / 1e9,
            None if is_lost else self._arrived(packet),
            packet.get_value('size'),
            as_number(packet.get_value('payload-type')) != self._payload_type,
        )
        if is_lost:
            self._missing[number] = result
            if len(self._missing) > MOST_MISSING:
                del self._missing[next(iter(self._missing))]
        return result

    def _is_new(self, number: int, sent: int) -> bool:
        """Return whether it was sent, and later than all that was reported."""
        if sent == UNKNOWN:
            return False
        return self._newest is None or 0 < (number - self._newest) % NUMBERS < NUMBERS // 2

    def _arrived(self, packet: Any) -> float:
        return self._clock.seconds(packet.get_value('remote-ts') // NS_PER_TICK)


def as_number(byte: bytes | str | int) -> int:
    """Return the number in a `guchar`, of which gi makes a byte or a character."""
    return byte if isinstance(byte, int) else ord(byte)
