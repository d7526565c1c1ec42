"""One picture as a receiver hands it out."""

from dataclasses import dataclass

import av


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """
    A decoded picture of sender `sender_id`.

    `picture` is yuv420p; `stamp_ns` is the Unix time, in nanoseconds, that it was captured or
    arrived at (receiving/stamper.py); it rises from frame to frame.
    """

    picture: av.VideoFrame
    stamp_ns: int
    sender_id: str
