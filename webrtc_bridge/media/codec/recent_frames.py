"""The frames of a stream since its newest keyframe, for those who come between keyframes."""

from collections.abc import Iterator

from webrtc_bridge.media.frames import EncodedFrame
from webrtc_bridge.media.h264.units import PATIENCE_NS

MOST_FRAMES, MOST_BYTES, MOST_NS = 600, 16_000_000, 20_000_000_000
"""
Bounds of what is kept. 600 frames of 720p take a decoder 0.3 s; 16 MB are 20 s at 6 Mbit/s.
"""


class RecentFrames:
    """
    Keep the frames from the newest keyframe on, as long as they stay within bounds.

    Before the first keyframe, those from the start of the stream are kept. Beyond the bounds
    nothing is kept until the next keyframe, and `overflowed` is set.
    """

    def __init__(self) -> None:
        self.overflowed = False
        self._frames: list[EncodedFrame] = []
        self._bytes = 0
        self._begun = False

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Yield the frames, a keyframe first, unless there has been none."""
        return iter(self._frames)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    @property
    def decodable(self) -> bool:
        """Return whether a decoder can start here: at a keyframe, or as none came for long."""
        return bool(self._frames) and (self._frames[0].keyframe or self.lacks_keyframes)

    @property
    def lacks_keyframes(self) -> bool:
        """Return whether the stream has had no keyframe for longer than `PATIENCE_NS`."""
        if not self._frames or self._frames[0].keyframe:
            return False
        return abs(self._frames[-1].time_ns - self._frames[0].time_ns) > PATIENCE_NS

    def add(self, frame: EncodedFrame) -> None:
        """Keep the next frame of the stream."""
        is_first, self._begun = not self._begun, True
        if frame.keyframe:
            self._clear()
            self.overflowed = False
        elif not self._frames and not is_first:
            return
        self._frames.append(frame)
        self._bytes += len(frame.data)
        kept_ns = frame.time_ns - self._frames[0].time_ns
        if len(self._frames) > MOST_FRAMES or self._bytes > MOST_BYTES or kept_ns > MOST_NS:
            self.overflowed = True

    def drop(self) -> None:
        """Keep nothing until the next keyframe."""
        self._clear()

    def _clear(self) -> None:
        self._frames = []
        self._bytes = 0
