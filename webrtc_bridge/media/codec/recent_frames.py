"""The frames of a stream since its newest keyframe, for those who come between keyframes."""

from collections.abc import Iterator

from webrtc_bridge.media.frames import EncodedFrame

MOST_FRAMES, MOST_BYTES, MOST_NS = 600, 16_000_000, 20_000_000_000
"""
Bounds of what is kept. 600 frames of 720p take a decoder 0.3 s; 16 MB are 20 s at 6 Mbit/s.
"""


class RecentFrames:
    """
    Keep the frames from the newest keyframe on, as long as they stay within bounds.

    Beyond the bounds nothing is kept until the next keyframe, and `overflowed` is set.
    """

    def __init__(self) -> None:
        self.overflowed = False
        self._frames: list[EncodedFrame] = []
        self._bytes = 0

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Yield the frames, a keyframe first."""
        return iter(self._frames)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def add(self, frame: EncodedFrame) -> None:
        """Keep the next frame of the stream."""
        if frame.keyframe:
            self._clear()
            self.overflowed = False
        elif not self._frames:
            return
        self._frames.append(frame)
        self._bytes += len(frame.data)
        seconds_kept = frame.time_ns - self._frames[0].time_ns
        if len(self._frames) > MOST_FRAMES or self._bytes > MOST_BYTES or seconds_kept > MOST_NS:
            self.overflowed = True

    def drop(self) -> None:
        """Keep nothing until the next keyframe."""
        self._clear()

    def _clear(self) -> None:
        self._frames = []
        self._bytes = 0
