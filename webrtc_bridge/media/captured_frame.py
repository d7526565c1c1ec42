"""A picture together with the moment at which it was taken."""

from dataclasses import dataclass
from typing import TypeAlias

import av

from webrtc_bridge.media.encoded_frame import Codec


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """
    One picture on its way from a source to the encoder.

    `picture` is yuv420p with an even width and height when it comes from a `Camera`.
    `capture_ns` is Unix time in nanoseconds (the clock of `time.time_ns()`) of the moment it was
    taken, as well as the source knows it; it rises strictly from frame to frame of one source.
    `passed_as` is the codec in which viewers get it already, as its source encoded it.
    Whoever receives a frame must not write into its picture.
    """

    picture: av.VideoFrame
    capture_ns: int
    passed_as: Codec | None = None


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """
    One picture as an H.264 source encoded it, with `capture_ns` as above.

    `data` is an access unit in the byte stream format (ITU-T H.264, annex B).
    """

    data: bytes
    capture_ns: int


Captured: TypeAlias = CapturedFrame | AccessUnit
'What a source may deliver.'
