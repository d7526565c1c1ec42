"""
Transport-wide feedback: when each packet of a connection arrived.

Packets of all streams carry one sequence of numbers in a header extension, and the receiver
reports their arrivals by RTCP (RTPFB with format 15):
draft-holmer-rmcat-transport-wide-cc-extensions-01.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TRANSPORT_NUMBER = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'
'The URI of the header extension with the number, of two bytes in network order.'

RTCP_RTPFB, FORMAT = 205, 15
"The packet type of transport-layer feedback (RFC 4585, section 6.2), and this feedback's format."

TICK = 0.00025
'Seconds of the unit in which arrivals are counted.'

MOST_STATUSES = 8192
"""
Packets that one report may be about. Two bytes can say that 8,191 are missing; what is reported
after more than that, two seconds at 40 Mbit/s, is of no use.
"""

FIXED = struct.Struct('!IIHHI')
"""
SSRCs of the reporter and of the media, first number, count of packets, and in one word the
reference time in 64 ms (24 bits) and the number of the report.
"""

TICKS_PER_REFERENCE = 256
LOST, SMALL, LARGE = 0, 1, 2
'Statuses: not received; received, with a difference of time in one byte; in two, signed.'

LONGEST_RUN, ONE_BIT, TWO_BIT = 8191, 14, 7
'The most packets of a chunk, by its kind.'

VECTOR, OF_TWO_BITS = 0x8000, 0x4000
'Bits of a chunk: it is a vector, and one whose statuses have two bits each.'


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """
    The fate of `count` packets, from the number `first` on.

    `arrivals` has the number and the time of each that came, in the order of their numbers; the
    others are missing. Times are in `TICK` of the receiver's clock, modulo 2**32. Reports are
    numbered by `report`, modulo 256.
    """

    first: int
    count: int
    report: int
    arrivals: tuple[tuple[int, int], ...]


def parse(payload: bytes) -> TransportFeedback:
    """
    Return the feedback in an RTCP packet's `payload`, which follows its first four bytes.

    Raises: ValueError if it is cut, or about more packets than `MOST_STATUSES`.
    """
    if len(payload) < FIXED.size:
        raise ValueError('transport feedback is too short')
    _, _, first, count, word = FIXED.unpack_from(payload)
    if count > MOST_STATUSES:
        raise ValueError('transport feedback is about too many packets')
    statuses, position = _statuses(payload, count)
    needed = sum(status for _, status in statuses)
    if position + needed > len(payload):
        raise ValueError('transport feedback is cut')
    arrivals = []
    tick = (word >> 8) * TICKS_PER_REFERENCE
    for index, status in statuses:
        end = position + status
        tick += int.from_bytes(payload[position:end], 'big', signed=status == LARGE)
        position = end
        arrivals.append(((first + index) & 0xFFFF, tick & 0xFFFFFFFF))
    return TransportFeedback(first, count, word & 0xFF, tuple(arrivals))


def _statuses(payload: bytes, count: int) -> tuple[list[tuple[int, int]], int]:
    """Return the index and status of each packet that came, and where their times begin."""
    statuses: list[tuple[int, int]] = []
    position, index = FIXED.size, 0
    while index < count:
        if position + 2 > len(payload):
            raise ValueError('transport feedback is cut')
        chunk = payload[position] << 8 | payload[position + 1]
        position += 2
        if not chunk & VECTOR:
            status, length = chunk >> 13, min(chunk & LONGEST_RUN, count - index)
            if status and length > len(payload):
                raise ValueError('transport feedback is cut')
            if status:
                statuses += [(each, status) for each in range(index, index + length)]
            index += length
        else:
            width, symbols = (2, TWO_BIT) if chunk & OF_TWO_BITS else (1, ONE_BIT)
            mask = (1 << width) - 1
            for each in range(min(symbols, count - index)):
                if status := chunk >> width * (symbols - 1 - each) & mask:
                    statuses.append((index + each, status))
            index += symbols
    if any(status > LARGE for _, status in statuses):
        raise ValueError('transport feedback has a status that is reserved')
    return statuses, position


def rtcp_packet(feedback: TransportFeedback, ssrc: int, media_ssrc: int) -> bytes:
    """
    Return the RTCP packet in which `ssrc` reports `feedback`, padded.

    Raises: ValueError if two packets that follow each other came more than 8 s apart.
    """
    start = feedback.arrivals[0][1] // TICKS_PER_REFERENCE if feedback.arrivals else 0
    statuses = [LOST] * feedback.count
    deltas = bytearray()
    before = start * TICKS_PER_REFERENCE
    for number, tick in feedback.arrivals:
        delta = ((tick - before + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        if not -0x8000 <= delta < 0x8000:
            raise ValueError('two packets are too far apart for one report')
        status = SMALL if 0 <= delta < 0x100 else LARGE
        statuses[(number - feedback.first) & 0xFFFF] = status
        deltas += delta.to_bytes(status, 'big', signed=status == LARGE)
        before = tick
    word = (start & 0xFFFFFF) << 8 | feedback.report & 0xFF
    fixed = FIXED.pack(ssrc, media_ssrc, feedback.first & 0xFFFF, feedback.count, word)
    chunks = b''.join(chunk.to_bytes(2, 'big') for chunk in _chunks(statuses))
    return _padded(fixed + chunks + deltas)


def _chunks(statuses: list[int]) -> Iterator[int]:
    position = 0
    while position < len(statuses):
        run = _run_length(statuses, position)
        next_ones = statuses[position : position + ONE_BIT]
        if run >= ONE_BIT or run == len(statuses) - position:
            yield statuses[position] << 13 | run
            position += run
        elif LARGE not in next_ones:
            yield VECTOR | _vector(next_ones, 1, ONE_BIT)
            position += ONE_BIT
        elif run >= TWO_BIT:
            yield statuses[position] << 13 | run
            position += run
        else:
            yield VECTOR | OF_TWO_BITS | _vector(next_ones[:TWO_BIT], 2, TWO_BIT)
            position += TWO_BIT


def _run_length(statuses: list[int], position: int) -> int:
    end = position
    most = min(len(statuses), position + LONGEST_RUN)
    while end < most and statuses[end] == statuses[position]:
        end += 1
    return end - position


def _vector(statuses: Iterable[int], width: int, symbols: int) -> int:
    """Return `statuses` from the highest bits on, and zeros where there are fewer."""
    return sum(status << width * (symbols - 1 - index) for index, status in enumerate(statuses))


def _padded(payload: bytes) -> bytes:
    """Return an RTCP packet whose padding, if any, ends with its length (RFC 3550, 6.4.1)."""
    missing = -len(payload) % 4
    first = 0x80 | (0x20 if missing else 0) | FORMAT
    if missing:
        payload += bytes(missing - 1) + bytes((missing,))
    return struct.pack('!BBH', first, RTCP_RTPFB, len(payload) // 4) + payload
