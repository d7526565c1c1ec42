"""One picture as a codec wrote it."""

import enum
from dataclasses import dataclass
from typing import NamedTuple


class Codec(enum.StrEnum):
    """The codecs that are sent and received, named as in SDP (RFC 6184, RFC 7741)."""

    H264 = 'H264'
    VP8 = 'VP8'


class Layer(enum.Enum):
    """The sizes that a sender encodes its pictures in."""

    FULL = 'full size'
    SMALL = 'half size'


class Stream(NamedTuple):
    """What a sender encodes for one or more of its viewers, who can go over to another."""

    codec: Codec
    layer: Layer = Layer.FULL


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """
    All bytes of one picture, with its times.

    `data` is an Annex B access unit (H.264) or one frame (VP8); `timestamp` is RTP time: 90 kHz,
    rising, 32 bits; `time_ns` is Unix time in nanoseconds: of the capture in a sender, of the
    last packet's arrival in a receiver. In a sender, `payloads` is `data` cut for RTP packets,
    once for all sessions, and `layer` what it belongs to. In a receiver, `capture_ns` is when it
    was captured, by this machine's clock; None where the sender has not told.
    """

    codec: Codec
    data: bytes
    keyframe: bool
    timestamp: int
    time_ns: int
    payloads: tuple[bytes, ...] = ()
    capture_ns: int | None = None
    layer: Layer = Layer.FULL

    @property
    def stream(self) -> Stream:
        """The stream that it is a part of."""
        return Stream(self.codec, self.layer)
