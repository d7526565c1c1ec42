"""Cut encoded frames into RTP payloads: H.264 (RFC 6184) and VP8 (RFC 7741)."""

import random
from collections.abc import Iterable, Iterator, Sequence

LARGEST_PAYLOAD = 1198
"""
Bytes; with all header extensions it fits the 1,356 that pylibsrtp takes (`Session.protect`), and
with SRTP, UDP, IPv6 and TURN the 1,500 of Ethernet.
"""

STAP_A = 24
'Aggregation of whole NAL units (RFC 6184 section 5.7.1).'

FU_A = 28
'Fragment of a NAL unit (RFC 6184 section 5.8).'

MOST_AGGREGATED = 9
"NAL units in one payload, as in aiortc's packets."

FIRST_FRAGMENT, LAST_FRAGMENT = 0x80, 0x40
'The S and E bits of an FU header.'

F_AND_NRI, NRI, TYPE = 0xE0, 0x60, 0x1F
"Fields of a NAL unit's first byte (RFC 6184 section 1.3)."


def h264_payloads(units: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the payloads of one access unit, of NAL `units` without start codes."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    size = 1
    for unit in units:
        is_large = len(unit) > LARGEST_PAYLOAD
        is_full = size + 2 + len(unit) > LARGEST_PAYLOAD or len(small) == MOST_AGGREGATED
        if small and (is_large or is_full):
            payloads.append(_aggregated(small))
            small, size = [], 1
        if is_large:
            payloads.extend(_fragments(unit))
        else:
            small.append(unit)
            size += 2 + len(unit)
    if small:
        payloads.append(_aggregated(small))
    return tuple(payloads)


def _aggregated(units: Sequence[bytes]) -> bytes:
    """Return `units` as one payload, which has the highest NRI of them, and F if one has."""
    if len(units) == 1:
        return units[0]
    header = STAP_A | max(unit[0] & NRI for unit in units)
    for unit in units:
        header |= unit[0] & 0x80
    parts = [bytes((header,))]
    for unit in units:
        parts += len(unit).to_bytes(2, 'big'), unit
    return b''.join(parts)


def _fragments(unit: bytes) -> Iterator[bytes]:
    """Yield `unit` in fragments of sizes that differ by a byte at most."""
    length = len(unit) - 1
    count = -(-length // (LARGEST_PAYLOAD - 2))
    size, larger = divmod(length, count)
    indicator, kind = unit[0] & F_AND_NRI | FU_A, unit[0] & TYPE
    end = 1
    for index in range(count):
        start, end = end, end + size + (index < larger)
        marks = FIRST_FRAGMENT if index == 0 else LAST_FRAGMENT if index == count - 1 else 0
        yield bytes((indicator, kind | marks)) + unit[start:end]


class Vp8Payloader:
    """Cut the frames of one stream, which get picture ids in turn (RFC 7741 section 4.2)."""

    def __init__(self) -> None:
        self.picture_id = random.getrandbits(15)

    def payloads(self, frame: bytes) -> tuple[bytes, ...]:
        """Return the payloads of the next `frame`."""
        # X; I; the picture id with M, for 15 bits of it. S marks the first payload.
        rest = b'\x80\x80' + (0x8000 | self.picture_id).to_bytes(2, 'big')
        first = b'\x90' + rest[1:]
        self.picture_id = (self.picture_id + 1) & 0x7FFF
        size = LARGEST_PAYLOAD - len(rest)
        return tuple(
            (rest if start else first) + frame[start : start + size]
            for start in range(0, len(frame), size)
        )
