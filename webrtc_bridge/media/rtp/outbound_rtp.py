"""The RTP packets of one session, kept for a while for retransmission."""

import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webrtc_bridge.media.frames import SourceHeader
from webrtc_bridge.media.rtp.retransmission_budget import RetransmissionBudget
from webrtc_bridge.media.rtp.sent_packets import REMEMBERED, SentPackets
from webrtc_bridge.media.rtp.source_header import SOURCE_HEADER, packed
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER

MID = 'urn:ietf:params:rtp-hdrext:sdes:mid'
ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time'
'Header extensions that are sent if they are negotiated.'

HISTORY = 2048
"""
Packets that can be sent again: a frame of 2.4 MB, or half a second at 40 Mbit/s, after which a
receiver skips to a keyframe. Their payloads are shared by all sessions.
"""

MOST_AGAIN = 512
"""
Packets that may be sent again at once: the half of a lost frame of 1,024. A request (NACK) of one
datagram can name 6,290.
"""

MARKER = 0x80
VERSION, EXTENSION = 0x80, 0x10

ONE_BYTE_HEADERS, TWO_BYTE_HEADERS = b'\xbe\xde', b'\x10\x00'
'Profiles of extensions: up to 16 bytes with ids up to 14, and up to 255 (RFC 8285, 4.2 and 4.3).'

FIRST_VALUE = {ONE_BYTE_HEADERS: 5, TWO_BYTE_HEADERS: 6}
'The place of the value of the first extension: four bytes and a header are ahead of it.'

pack_header = struct.Struct('!BBHII').pack
pack_number = struct.Struct('!H').pack

Sent = tuple[int, int, int, SourceHeader | None, bytes, bytes]
"A packet's number, marker and payload type, timestamp, source's header, extensions and payload."


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

    Sequence numbers and timestamps start at random. `numbered` are the packets with a number of
    the transport, if that is negotiated. Reads no clock: `now` is in seconds, monotonic.
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
        self.numbered = SentPackets()

    def timestamp(self, timestamp: int) -> int:
        """Return the RTP timestamp that is sent for the `timestamp` of a frame."""
        return (self._origin + timestamp) & 0xFFFFFFFF

    def packets(
        self,
        payloads: Sequence[bytes],
        timestamp: int,
        now: float,
        source_header: SourceHeader | None = None,
    ) -> list[bytes]:
        """Return the packets of the frame with `timestamp`, the last with its source's header."""
        # This runs for each packet of each session: tuples and bytes take 0.25 µs, and 0.25 more
        # with a number of the transport; an RtpPacket of aiortc with its extensions 2.9 µs.
        ssrc, kind, number = self._format.ssrc, self._format.payload_type, self._number
        timestamp = self.timestamp(timestamp)
        extensions, tail = self._extensions.around_number(now)
        first = first_byte(extensions)
        is_numbered, head = self._extensions.has_number, extensions
        times, sizes, count = self.numbered.times, self.numbered.sizes, self.numbered.next
        last = len(payloads) - 1
        sent_header: SourceHeader | None = None
        packets = []
        for index, payload in enumerate(payloads):
            if index == last:
                kind |= MARKER
                if source_header:
                    sent_header = source_header
                    extensions, tail = self._extensions.around_number(now, source_header)
                    first, head = first_byte(extensions), extensions
            if is_numbered:
                extensions = head + pack_number(count & 0xFFFF) + tail
                slot = count % REMEMBERED
                times[slot], sizes[slot] = now, len(payload)
                count += 1
            sent = (number, kind, timestamp, sent_header, extensions, payload)
            self._history[number % HISTORY] = sent
            header = pack_header(first, kind, number, timestamp, ssrc)
            packets.append(header + extensions + payload)
            number = (number + 1) & 0xFFFF
        self._number, self.numbered.next = number, count
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
        _, kind, timestamp, source_header, extensions, payload = sent
        first = first_byte(extensions)
        if self._format.retransmission is None:
            # Unchanged: a nonce of AES-GCM must not protect two different packets (RFC 7714, 8.4).
            header = pack_header(first, kind, number, timestamp, self._format.ssrc)
            return header + extensions + payload
        ssrc, payload_type = self._format.retransmission
        kind = kind & MARKER | payload_type
        header = pack_header(first, kind, self._retransmission_number, timestamp, ssrc)
        self._retransmission_number = (self._retransmission_number + 1) & 0xFFFF
        extensions, tail = self._extensions.around_number(now, source_header)
        if self._extensions.has_number:
            extensions += pack_number(self.numbered.next & 0xFFFF) + tail
            self.numbered.note_retransmission(len(payload), now)
        return header + extensions + pack_number(number) + payload


class HeaderExtensions:
    """
    The header extensions of one session (RFC 8285).

    These are the number in the transport, the media id, the time of sending, and the header that a
    picture has in its source.
    """

    def __init__(self, rtp_format: RtpFormat) -> None:
        mid, ids = rtp_format.mid.encode(), rtp_format.extension_ids
        self._mid_id, self._mid = ids.get(MID, 0), mid
        self._mid_element = b''
        if 0 < self._mid_id < 15 and 0 < len(mid) <= 16:
            self._mid_element = element(self._mid_id, mid)
        self._time_id = ids.get(ABS_SEND_TIME, 0)
        self._has_time = 0 < self._time_id < 15
        self._header_id = ids.get(SOURCE_HEADER, 0)
        self._number_id = ids.get(TRANSPORT_NUMBER, 0)
        self.has_number = 0 < self._number_id < 15

    def around_number(
        self, now: float, source_header: SourceHeader | None = None
    ) -> tuple[bytes, bytes]:
        """
        Return the extensions of packets sent at `now`, padded; empty if there are none.

        What follows the packet's number in the transport is by itself, empty without numbers.
        """
        extensions = self._at(now, source_header)
        if not self.has_number:
            return extensions, b''
        end = FIRST_VALUE[extensions[:2]]
        return extensions[:end], extensions[end + 2 :]

    def _at(self, now: float, source_header: SourceHeader | None) -> bytes:
        if source_header and self._header_id:
            return self._with_header(now, source_header)
        elements = element(self._number_id, b'\0\0') if self.has_number else b''
        elements += self._mid_element
        if self._has_time:
            elements += element(self._time_id, send_time(now))
        return padded(ONE_BYTE_HEADERS, elements) if elements else b''

    def _with_header(self, now: float, source_header: SourceHeader) -> bytes:
        elements = long_element(self._number_id, b'\0\0') if self.has_number else b''
        elements += long_element(self._header_id, packed(source_header))
        if self._mid_element:
            elements += long_element(self._mid_id, self._mid)
        if self._has_time:
            elements += long_element(self._time_id, send_time(now))
        return padded(TWO_BYTE_HEADERS, elements)


def first_byte(extensions: bytes) -> int:
    """Return the first byte of a packet with `extensions`."""
    return VERSION | EXTENSION if extensions else VERSION


def send_time(now: float) -> bytes:
    """Return `now` as abs-send-time: seconds with 6.18 bits."""
    # Receivers compare those of two packets, so that a wall clock that is set would look like a
    # full link to them.
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, 'big')


def element(extension_id: int, value: bytes) -> bytes:
    """Return one extension with a header of one byte (RFC 8285 section 4.2)."""
    return bytes((extension_id << 4 | len(value) - 1,)) + value


def long_element(extension_id: int, value: bytes) -> bytes:
    """Return one extension with a header of two bytes (RFC 8285 section 4.3)."""
    return bytes((extension_id, len(value))) + value


def padded(profile: bytes, elements: bytes) -> bytes:
    """Return the extensions of a packet."""
    words = (len(elements) + 3) // 4
    return profile + pack_number(words) + elements.ljust(4 * words, b'\0')
