"""
Assemble encoded frames from RTP packets, as early as possible.

A frame is handed out when its last packet, which has the marker bit, is there (RFC 6184 section
5.1, RFC 7741 section 4.1); aiortc's own buffer waits for the first packet of the next frame, a
whole frame interval. A gap is repaired by retransmission or, once its `RepairPace` gives up, by a
skip to a keyframe.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.rtp import source_header
from webrtc_bridge.media.rtp.repair_pace import RepairPace

CAPACITY = 8192
"""
Packets that may wait for a missing one, or for the rest of their frame: 10 MB. A frame of 4K that
is only intra coded has 2 MB.
"""

MOST_REQUESTED = 128
"Packets requested at once; aiortc's sender keeps no more of them."

MOST_MISSING = 1024
'Missing packets that are taken care of at once; the others follow as these arrive.'

MOST_STARTS = 64
"""
Starts of keyframes that are known at once: more than come while a packet is waited for. Each is
looked at for every packet while one is missing.
"""

H264_SPS, H264_STAP_A = 7, 24

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """
    One RTP packet; `data` is what its `payload` adds to the frame (empty for padding).

    `sequence` and `timestamp` are those of the RTP header, `arrival_ns` is Unix time in
    nanoseconds, `source_header` the extension of that name, in the last packet of a frame.
    """

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    data: bytes
    arrival_ns: int
    source_header: bytes = b''


@dataclass(frozen=True, slots=True)
class Repair:
    """A request to the sender: for packets by sequence number, a keyframe, or nothing."""

    nack: tuple[int, ...] = ()
    keyframe: bool = False


def starts_keyframe(codec: Codec, payload: bytes) -> bool:
    """
    Return whether an RTP payload is the first one of a keyframe.

    For H.264 that is the sequence parameter set, which real-time encoders repeat before every IDR
    picture: an IDR slice itself may be a later one of its picture.
    """
    if codec is Codec.VP8:
        return _starts_vp8_keyframe(payload)
    kind = payload[0] & 0x1F if payload else 0
    return kind == H264_SPS or (kind == H264_STAP_A and H264_SPS in _aggregated(payload))


def _aggregated(payload: bytes) -> Iterator[int]:
    position = 1
    while position + 2 < len(payload):
        yield payload[position + 2] & 0x1F
        position += 2 + int.from_bytes(payload[position : position + 2], 'big')


def _starts_vp8_keyframe(payload: bytes) -> bool:
    """Read the payload descriptor (RFC 7741 section 4.2) and the frame tag's inverse key bit."""
    if not payload or not payload[0] & 0x10 or payload[0] & 0x07:
        return False
    position = 1
    if payload[0] & 0x80:
        extensions = payload[1] if len(payload) > 1 else 0
        position += 1
        if extensions & 0x80:
            position += 2 if len(payload) > position and payload[position] & 0x80 else 1
        position += bool(extensions & 0x40) + bool(extensions & 0x30)
    return len(payload) > position and not payload[position] & 0x01


class FrameAssembler:
    """
    Put the packets of one stream in order, and its frames together.

    Decides without I/O: the caller has the clock (`now`, seconds, monotonic) and carries out each
    `Repair`. Sequence numbers are extended beyond 16 bits inside.
    """

    def __init__(self, codec: Codec, pace: RepairPace | None = None) -> None:
        self.skipped = 0
        self._codec = codec
        self._pace = pace or RepairPace()
        self._has_overflowed = False
        self._packets: dict[int, MediaPacket] = {}
        self._keyframe_starts: list[int] = []
        self._scanned: dict[int, int] = {}  # the first missing packet after each of these starts
        self._highest = -1
        self._start: int | None = None  # of the current frame; None: out of sync
        self._cursor = 0  # the first missing packet from _start on
        self._gap: tuple[int, float] | None = None  # the cursor at a gap, and since when
        self._requested_at: float | None = None  # a keyframe
        self._requests: dict[int, float] = {}  # when each missing packet was requested last
        self._lost: range | None = None  # a gap that nothing was requested of yet

    @property
    def in_need(self) -> bool:
        """Return whether a packet or a keyframe is missing, so that `repair` must be called."""
        return self._gap is not None or self._start is None

    @property
    def has_new_gap(self) -> bool:
        """Return whether a packet has been missing only now, so that `request` must be called."""
        return self._lost is not None and self._start is not None

    def add(self, packet: MediaPacket, now: float) -> list[EncodedFrame]:
        """Take a packet; return the frames that it completes, in order."""
        sequence = self._extended(packet.sequence)
        if sequence < self._cursor or sequence in self._packets:
            return []  # a duplicate, or too late: its frame was handed out or given up
        self._packets[sequence] = packet
        if starts_keyframe(self._codec, packet.payload) and (
            len(self._keyframe_starts) < MOST_STARTS
        ):
            self._keyframe_starts.append(sequence)
        if len(self._packets) > CAPACITY:
            self._note_overflow()
            self._give_up()
        # What waits for a missing packet is not there before that is.
        frames = list(self._complete_frames(packet.arrival_ns if self._gap else 0))
        self._note_gap(now)
        return frames

    def _note_overflow(self) -> None:
        timestamps = {packet.timestamp for packet in self._packets.values()}
        if len(timestamps) == 1 and not self._has_overflowed:
            self._has_overflowed = True
            logger.warning('frames of more than %d packets are dropped', CAPACITY)

    def repair(self, now: float) -> Repair:
        """Return what to request; call it several times in `retry_after` while `in_need`."""
        if self._gap and now - self._gap[1] >= self._pace.give_up_after:
            self._give_up()
            self._note_gap(now)
        if self._start is not None:
            return Repair(nack=self._due(now))
        if self._requested_at is not None and (
            now - self._requested_at < self._pace.keyframe_after
        ):
            return Repair()
        self._requested_at = now
        return Repair(keyframe=True)

    def request(self, now: float) -> Repair:
        """Return the request for the packets of a new gap; those that came since are left out."""
        lost, self._lost = self._lost or range(0), None
        if len(self._requests) > MOST_MISSING:
            return Repair()  # it is the turn of `repair`
        missing = [s for s in lost if s >= self._cursor and s not in self._packets]
        self._requests |= dict.fromkeys(missing, now)
        return Repair(nack=tuple(s & 0xFFFF for s in missing))

    def _extended(self, sequence: int) -> int:
        if self._highest < 0:
            self._highest = 0x10000 + sequence
        step = (sequence - self._highest + 0x8000) % 0x10000 - 0x8000
        if step > 1:
            # Only the newest of a large gap at once: `repair` gets to the others.
            first = max(self._highest + 1, self._highest + step - MOST_REQUESTED)
            self._lost = range(first, self._highest + step)
        self._highest = max(self._highest, self._highest + step)
        return self._highest + min(step, 0)

    def _complete_frames(self, earliest_ns: int) -> Iterator[EncodedFrame]:
        if self._start is None and self._keyframe_starts:
            self._skip_to(min(self._keyframe_starts))
        while (end := self._end_of_frame()) is not None or (end := self._keyframe_beyond_gap()):
            frame = self._take(end, earliest_ns)
            if frame.data:
                yield frame

    def _end_of_frame(self) -> int | None:
        """Move the cursor on; return the end (exclusive) of the frame if it is complete."""
        if self._start is None:
            return None
        while (packet := self._packets.get(self._cursor)) is not None:
            if packet.timestamp != self._packets[self._start].timestamp:
                return self._cursor  # a sender that sets no marker
            self._cursor += 1
            if packet.marker:
                return self._cursor
        return None

    def _keyframe_beyond_gap(self) -> int | None:
        """Skip to a complete keyframe, if there is one after the gap; return its end."""
        if self._start is None:
            return None
        for start in sorted(s for s in self._keyframe_starts if s > self._cursor):
            end = self._end_of_keyframe(start)
            if end is not None:
                self.skipped += 1
                self._skip_to(start)
                return end
        return None

    def _end_of_keyframe(self, start: int) -> int | None:
        # Go on from where the last look ended: it has none with a marker before.
        sequence = self._scanned.get(start, start)
        while (packet := self._packets.get(sequence)) is not None:
            sequence += 1
            if packet.marker:
                return sequence
        self._scanned[start] = sequence
        return None

    def _skip_to(self, start: int) -> None:
        first = self._cursor if self._start is None else self._start
        if start - first < len(self._packets):
            # A peer can have one packet skipped after another, before thousands that wait.
            for sequence in range(first, start):
                self._packets.pop(sequence, None)
        else:
            self._packets = {s: packet for s, packet in self._packets.items() if s >= start}
        self._start = self._cursor = start
        self._forget_starts(start)

    def _forget_starts(self, end: int) -> None:
        """Forget the starts of keyframes before `end`."""
        self._keyframe_starts = [s for s in self._keyframe_starts if s >= end]
        self._scanned = {s: scanned for s, scanned in self._scanned.items() if s >= end}

    def _take(self, end: int, earliest_ns: int) -> EncodedFrame:
        assert self._start is not None
        packets = [self._packets.pop(sequence) for sequence in range(self._start, end)]
        keyframe = any(start < end for start in self._keyframe_starts)
        self._forget_starts(end)
        self._start = self._cursor = end
        return EncodedFrame(
            codec=self._codec,
            data=b''.join([packet.data for packet in packets]),
            keyframe=keyframe,
            timestamp=packets[0].timestamp,
            time_ns=max(packets[-1].arrival_ns, earliest_ns),
            header=source_header.parsed(packets[-1].source_header),
        )

    def _note_gap(self, now: float) -> None:
        if self._start is None:
            self._gap = None
            if self._requested_at is None:
                self._requested_at = now  # a sender starts with one; give it time to arrive
        elif self._highest < self._cursor:
            self._gap = None
        elif self._gap is None or self._gap[0] != self._cursor:
            self._gap = (self._cursor, now)

    def _due(self, now: float) -> tuple[int, ...]:
        """Return the numbers of missing packets that have not been requested lately."""
        before = now - self._pace.retry_after
        all_missing = (s for s in range(self._cursor, self._highest) if s not in self._packets)
        missing = list(islice(all_missing, MOST_MISSING))
        due = [s for s in missing if self._requests.get(s, before) <= before][:MOST_REQUESTED]
        known = {s: self._requests[s] for s in missing if s in self._requests}
        self._requests = known | dict.fromkeys(due, now)
        return tuple(sequence & 0xFFFF for sequence in due)

    def _give_up(self) -> None:
        """Skip to the keyframe that has started to arrive, or drop all and wait for one."""
        self.skipped += 1
        self._gap = None
        later = [start for start in self._keyframe_starts if start > self._cursor]
        if later:
            self._skip_to(min(later))
            return
        self._packets.clear()
        self._keyframe_starts.clear()
        self._scanned.clear()
        self._start = None
        self._requested_at = float('-inf')
