"""Frames of one size that are drawn into again and again."""

import sys

import av
from av.video.frame import PictureType

LIMIT = 8


class FramePool:
    """
    Hand out yuv420p frames, using again those that nobody holds any more.

    A new 1080p frame for each picture costs 2 ms in page faults, four times the drawing. For one
    thread; the frames themselves may go to others.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._frames = [av.VideoFrame(width, height, 'yuv420p')]
        # What the count is for a frame that only the list holds depends on the interpreter.
        self._unshared = sys.getrefcount(self._frames[0])

    def take(self) -> av.VideoFrame:
        """Return a frame with undefined pixels, which nobody else holds."""
        for index in range(len(self._frames)):
            if sys.getrefcount(self._frames[index]) == self._unshared:
                frame = self._frames[index]
                # An encoder may hold the pixels without the Python object; then this copies them.
                frame.make_writable()
                return _without_traces(frame)
        frame = av.VideoFrame(*self._size, 'yuv420p')
        if len(self._frames) < LIMIT:
            self._frames.append(frame)
        return frame


def _without_traces(frame: av.VideoFrame) -> av.VideoFrame:
    """Return `frame` without the marks that its last user may have put on it."""
    frame.pts = None
    frame.pict_type = PictureType.NONE
    return frame
