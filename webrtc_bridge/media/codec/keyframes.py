"""When the next keyframe is due."""

MINIMUM_INTERVAL = 0.2
"""
Seconds between two keyframes. A keyframe is some 10 times the size of another picture, and what
several viewers lose in one moment, one keyframe gives back to all of them.
"""


class KeyframeRequests:
    """Gather requests for a keyframe so that one answers many. Decides; reads no clock."""

    def __init__(self) -> None:
        self._wanted = False
        self._newest = float('-inf')

    def request(self) -> None:
        """Ask for a keyframe as soon as the interval allows one."""
        self._wanted = True

    def due(self, now: float) -> bool:
        """Say whether the picture encoded at `now` (seconds) shall be a keyframe."""
        return self._wanted and now - self._newest >= MINIMUM_INTERVAL

    def encoded(self, now: float) -> None:
        """Take note that a keyframe left the encoder at `now`."""
        self._wanted = False
        self._newest = now
