"""Choose the profile of H.264: the best one that all of its viewers accept."""

CALM = 10.0
"""
Seconds after the last viewer without the High profile has left until that is used again: each
change costs a keyframe, and a viewer that reconnects would cause two.
"""


class ProfileChoice:
    """
    The High profile while all viewers accept it; after one that did not, from `CALM` on.

    Reads no clock.
    """

    def __init__(self) -> None:
        self._all_accept: bool | None = None
        self._calm_from = float('-inf')

    def note(self, all_accept: bool, now: float) -> None:
        """Note at `now` (seconds) whether all viewers accept the High profile."""
        if all_accept and self._all_accept is False:
            self._calm_from = now + CALM
        self._all_accept = all_accept

    def is_high(self, now: float) -> bool:
        """Return whether the picture at `now` (seconds) is to be encoded in the High profile."""
        return bool(self._all_accept) and now >= self._calm_from
