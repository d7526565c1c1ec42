"""Choose the profile of H.264: the best one that all of its viewers accept."""

HIGH_PROFILES = ('64001f', '640c1f', 'f4001f')
"""
Values of `profile-level-id` (RFC 6184, section 8.1) for decoders of the High profile. Phones
declare Constrained High, which has no interlacing and no B-frames: x264 uses neither here.
Chromium's software decoder declares High 4:4:4 Predictive, which includes High (ITU-T H.264,
A.2.11), and not High itself.
"""

CALM = 10.0
"""
Seconds after the last viewer without the High profile has left until that is used again: each
change costs a keyframe, and a viewer that reconnects would cause two.
"""


class ProfileChoice:
    """
    The High profile while all viewers accept it; after one that did not, from `CALM` on.

    Reads no clock. Any thread may ask while one notes.
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
