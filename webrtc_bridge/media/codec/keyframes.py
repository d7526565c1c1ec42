"""Decide when the next keyframe is due."""

MINIMUM_INTERVAL = 0.2
"""
Seconds between two keyframes. A keyframe is about ten times the size of another picture; when
several viewers lose packets at the same moment, one keyframe serves all of them.
"""


BRIDGE_AFTER = 0.5
"""
Seconds for which viewers wait for the next keyframe of a source that is passed through. Many
cameras have one each half second or second; where none comes, pictures are encoded until it does.
"""


class KeyframeRequests:
    """Collect keyframe requests, so that one keyframe answers many. Reads no clock."""

    def __init__(self) -> None:
        self._wanted = False
        self._newest = float('-inf')

    @property
    def wanted(self) -> bool:
        """Return whether a request waits for its keyframe."""
        return self._wanted

    def request(self) -> None:
        """Ask for a keyframe as soon as the interval allows one."""
        self._wanted = True

    def due(self, now: float) -> bool:
        """Return whether the picture encoded at `now` (seconds) is to be a keyframe."""
        return self._wanted and now - self._newest >= MINIMUM_INTERVAL

    def encoded(self, now: float) -> None:
        """Note that the encoder produced a keyframe at `now`."""
        self._wanted = False
        self._newest = now
