"""Frames on their way through a sender and a receiver: captured, encoded, received."""

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    # The GStreamer sender has frames, too, and needs no PyAV.
    import av


class Codec(enum.StrEnum):
    """The codecs that are sent and received, named as in SDP (RFC 6184, RFC 7741)."""

    H264 = 'H264'
    VP8 = 'VP8'


class Layer(enum.Enum):
    """The sizes that a sender encodes its pictures in."""

    FULL = 'full size'
    SMALL = 'half size'


class Encoding(NamedTuple):
    """
    A codec and a layer: one encoder of a sender, shared by all viewers that get it.

    A `bridge` is encoded for those viewers of a passthrough that wait for its next keyframe.
    """

    codec: Codec
    layer: Layer = Layer.FULL
    bridge: bool = False


class SourceHeader(NamedTuple):
    """
    The header of a picture in its source, such as a ROS topic, which its receivers get unchanged.

    `stamp_ns` is its stamp in nanoseconds, by a clock of its own if `simulated`.
    """

    stamp_ns: int
    frame_id: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """
    All bytes of one picture, with its times.

    `data` is an Annex B access unit (H.264) or one frame (VP8); `timestamp` is RTP time: 90 kHz,
    rising, 32 bits; `time_ns` is Unix time in nanoseconds: of the capture in a sender, of the
    arrival of the last packet in a receiver. In a sender, `payloads` is `data` cut for RTP packets
    once for all sessions, `layer` and `bridge` are those of its encoding, and `high` is whether it
    is H.264 that only decoders of the High profile can show. In a receiver, `capture_ns` is the
    time of capture by the clock of this machine; None if the sender did not report it.
    `header` is that of its source; None if it has none.
    """

    codec: Codec
    data: bytes
    keyframe: bool
    timestamp: int
    time_ns: int
    payloads: tuple[bytes, ...] = ()
    capture_ns: int | None = None
    layer: Layer = Layer.FULL
    bridge: bool = False
    header: SourceHeader | None = None
    high: bool = False

    @property
    def encoding(self) -> Encoding:
        """The encoding that it belongs to."""
        return Encoding(self.codec, self.layer, self.bridge)


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """
    One picture on its way from a source to the encoder.

    `picture` is yuv420p with an even width and height if it comes from a `Camera`. It must not be
    written to. `capture_ns` is the Unix time in nanoseconds (the clock of `time.time_ns()`) at
    which it was taken, as far as the source knows; it rises strictly from frame to frame of one
    source. `passed_as` is the codec in which viewers already get it, encoded by its source.
    `header` is that of its source; None if it has none.
    """

    picture: 'av.VideoFrame'
    capture_ns: int
    passed_as: Codec | None = None
    header: SourceHeader | None = None


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """
    One picture as an H.264 source encoded it, with `capture_ns` and `header` as above.

    `data` is an access unit in the byte stream format (ITU-T H.264, annex B).
    """

    data: bytes
    capture_ns: int
    header: SourceHeader | None = None


Captured: TypeAlias = CapturedFrame | AccessUnit
'Anything that a source may deliver.'


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """
    A decoded picture of sender `sender_id`.

    `picture` is yuv420p; `stamp_ns` is the Unix time of its capture or arrival in nanoseconds
    (receiving/stamper.py), which rises from frame to frame, or the stamp of its `header`, that of
    its source.
    """

    picture: 'av.VideoFrame'
    stamp_ns: int
    sender_id: str
    header: SourceHeader | None = None
