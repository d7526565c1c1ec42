"""The waits of a receiver for packets that were lost, by the round trip. No I/O, no clock."""

from dataclasses import dataclass

UNKNOWN = 0.1
'Seconds until a packet is requested again while the round trip is unknown.'

SPARE, MARGIN = 1.25, 0.03
"""
Round trips, and seconds in addition, until a packet is requested again: an answer may come later
than the last one did, and both sides take a moment. What comes twice takes room on a full link.
"""

SHORTEST = 0.5
'Seconds of waiting that are worth it on every path: a keyframe costs as much.'

ATTEMPTS = 4
"""
Requests that a packet gets, on a path of any length: where 10 % are lost each way, one fails in
19 % of the cases, and four of them in 0.1 %.
"""

LONGEST = 3.0
'Seconds of standing video that a lost packet is worth. It holds four requests at 0.6 s.'


@dataclass
class RepairPace:
    """
    The pace for one session, whose `round_trip` is in seconds; None while it is unknown.

    `max_delay` is the user's choice of how long to wait at most, in seconds; 0 leaves it to the
    round trip.
    """

    max_delay: float = 0.0
    round_trip: float | None = None

    @property
    def retry_after(self) -> float:
        """Seconds after which a packet that has not come is requested again."""
        return UNKNOWN if self.round_trip is None else SPARE * self.round_trip + MARGIN

    @property
    def interval(self) -> float:
        """Seconds after which to look again what is missing."""
        return min(UNKNOWN, self.retry_after / 2)

    @property
    def give_up_after(self) -> float:
        """Seconds after which a missing packet is given up for a keyframe."""
        return self.max_delay or min(LONGEST, max(SHORTEST, ATTEMPTS * self.retry_after))

    @property
    def keyframe_after(self) -> float:
        """Seconds after which a keyframe that has not come is requested again."""
        return max(SHORTEST, min(LONGEST, self.retry_after))
