"""Frames of one size that are drawn into repeatedly."""

import sys

import av
from av.video.frame import PictureType

LIMIT = 8


class FramePool:
    """
    Hand out yuv420p frames, and reuse those that are no longer referenced.

    A new 1080p frame for each picture costs 2 ms in page faults, four times the drawing. The pool
    is for one thread; its frames may go to others.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._frames = [av.VideoFrame(width, height, 'yuv420p')]
        # The count for a frame that only the list references depends on the interpreter.
        self._unshared = sys.getrefcount(self._frames[0])

    def take(self) -> av.VideoFrame:
        """Return a frame with undefined pixels that is referenced nowhere else."""
        for index in range(len(self._frames)):
            if sys.getrefcount(self._frames[index]) == self._unshared:
                frame = self._frames[index]
                # An encoder may hold the pixels without the Python object; this copies them then.
                frame.make_writable()
                return _reset(frame)
        frame = av.VideoFrame(*self.size, 'yuv420p')
        if len(self._frames) < LIMIT:
            self._frames.append(frame)
        return frame


def _reset(frame: av.VideoFrame) -> av.VideoFrame:
    """Return `frame` without the fields that its last user may have set."""
    frame.pts = None
    frame.pict_type = PictureType.NONE
    return frame
