"""A picture together with the moment at which it was taken."""

from dataclasses import dataclass

import av


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """
    One picture on its way from a source to the encoder.

    `picture` is yuv420p with an even width and height when it comes from a `Camera`.
    `capture_ns` is Unix time in nanoseconds (the clock of `time.time_ns()`) of the moment it was
    taken, as well as the source knows it; it rises strictly from frame to frame of one source.
    Whoever receives a frame must not write into its picture.
    """

    picture: av.VideoFrame
    capture_ns: int
