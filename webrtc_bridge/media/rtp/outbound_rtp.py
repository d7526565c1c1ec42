"""The RTP packets of one session, kept for a while for retransmission."""

import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webrtc_bridge.media.rtp.retransmission_budget import RetransmissionBudget

MID = 'urn:ietf:params:rtp-hdrext:sdes:mid'
ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time'
'Header extensions that are sent if they are negotiated.'

HISTORY = 2048
"""
Packets that can be sent again: a frame of 2.6 MB, or half a second at 40 Mbit/s, after which a
receiver skips to a keyframe. Their payloads are shared by all sessions.
"""

MOST_AGAIN = 512
"""
Packets that may be sent again at once: the half of a lost frame of 1,024. A request (NACK) of one
datagram can name 6,290.
"""

MARKER = 0x80
VERSION, EXTENSION = 0x80, 0x10

ONE_BYTE_HEADERS = b'\xbe\xde'
'Profile of extensions with one-byte headers, for ids up to 14 (RFC 8285 section 4.2).'

pack_header = struct.Struct('!BBHII').pack
pack_number = struct.Struct('!H').pack

Sent = tuple[int, int, int, bytes, bytes]
"A packet's number, marker and payload type, timestamp, extensions and payload."


@dataclass(frozen=True)
class RtpFormat:
    """
    The negotiated fields that the packets of one session have in common.

    `extension_ids` are by URI; `retransmission` is the SSRC and payload type of retransmitted
    packets (RFC 4588), None if they are sent again unchanged.
    """

    ssrc: int
    payload_type: int
    mid: str
    extension_ids: Mapping[str, int]
    retransmission: tuple[int, int] | None


class OutboundRtp:
    """
    Write RTP packets (RFC 3550 section 5.1) around the payloads that all sessions share.

    Sequence numbers and timestamps start at random. Reads no clock: `now` is in seconds,
    monotonic.
    """

    def __init__(self, rtp_format: RtpFormat) -> None:
        self._format = rtp_format
        self._extensions = HeaderExtensions(rtp_format)
        # Below 32768: SRTP cannot detect numbers that wrap at once (RFC 3711 section 3.3.1).
        self._number = random.randrange(1 << 15)
        self._retransmission_number = random.randrange(1 << 15)
        self._origin = random.getrandbits(32)
        self._history: list[Sent | None] = [None] * HISTORY
        self._budget = RetransmissionBudget(MOST_AGAIN)

    def timestamp(self, timestamp: int) -> int:
        """Return the RTP timestamp that is sent for the `timestamp` of a frame."""
        return (self._origin + timestamp) & 0xFFFFFFFF

    def packets(self, payloads: Sequence[bytes], timestamp: int, now: float) -> list[bytes]:
        """Return the packets of the frame with `timestamp`."""
        # This runs for each packet of each session: tuples and bytes take 0.25 µs, an RtpPacket of
        # aiortc with its extensions 2.9 µs.
        ssrc, kind, number = self._format.ssrc, self._format.payload_type, self._number
        timestamp = self.timestamp(timestamp)
        extensions = self._extensions.at(now)
        first = self._extensions.first_byte
        last = len(payloads) - 1
        packets = []
        for index, payload in enumerate(payloads):
            if index == last:
                kind |= MARKER
            self._history[number % HISTORY] = (number, kind, timestamp, extensions, payload)
            header = pack_header(first, kind, number, timestamp, ssrc)
            packets.append(header + extensions + payload)
            number = (number + 1) & 0xFFFF
        self._number = number
        self._budget.sent(len(packets))
        return packets

    @property
    def last(self) -> int:
        """The number of the newest packet, as `retransmission` takes it."""
        return (self._number - 1) & 0xFFFF

    def forget(self) -> None:
        """Forget all packets, so that none is sent again."""
        self._history = [None] * HISTORY

    def retransmission(self, number: int, now: float) -> bytes | None:
        """Return packet `number` for retransmission; None if it is forgotten, or one too many."""
        sent = self._history[number % HISTORY]
        if sent is None or sent[0] != number or not self._budget.take():
            return None
        _, kind, timestamp, extensions, payload = sent
        first = self._extensions.first_byte
        if self._format.retransmission is None:
            # Unchanged: a nonce of AES-GCM must not protect two different packets (RFC 7714, 8.4).
            header = pack_header(first, kind, number, timestamp, self._format.ssrc)
            return header + extensions + payload
        ssrc, payload_type = self._format.retransmission
        kind = kind & MARKER | payload_type
        header = pack_header(first, kind, self._retransmission_number, timestamp, ssrc)
        self._retransmission_number = (self._retransmission_number + 1) & 0xFFFF
        return header + self._extensions.at(now) + pack_number(number) + payload


class HeaderExtensions:
    """The header extensions of one session: media id and time of sending (RFC 8285)."""

    def __init__(self, rtp_format: RtpFormat) -> None:
        mid, ids = rtp_format.mid.encode(), rtp_format.extension_ids
        self._mid = b''
        if 0 < ids.get(MID, 0) < 15 and 0 < len(mid) <= 16:
            self._mid = element(ids[MID], mid)
        self._time_id = ids.get(ABS_SEND_TIME, 0)
        self._has_time = 0 < self._time_id < 15
        self.first_byte = VERSION | (EXTENSION if self.at(0.0) else 0)

    def at(self, now: float) -> bytes:
        """Return the extensions of packets sent at `now`, padded; empty if there are none."""
        elements = self._mid
        if self._has_time:
            # Seconds with 6.18 bits. Receivers compare those of two packets, so that a wall clock
            # that is set would look like a full link to them.
            time = int(now * (1 << 18)) & 0xFFFFFF
            elements += element(self._time_id, time.to_bytes(3, 'big'))
        if not elements:
            return b''
        words = (len(elements) + 3) // 4
        return ONE_BYTE_HEADERS + pack_number(words) + elements.ljust(4 * words, b'\0')


def element(extension_id: int, value: bytes) -> bytes:
    """Return one extension (RFC 8285 section 4.2)."""
    return bytes((extension_id << 4 | len(value) - 1,)) + value
