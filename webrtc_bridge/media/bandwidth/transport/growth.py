"""
Growth of a bit rate while nothing speaks against it.

GCC grows by 8 % a second, and near the rate of the last step down by about a packet in a round
trip (draft-ietf-rmcat-gcc-02, section 5.5); to use a freed link soon, libwebrtc sends padding as
probes. Here every frame is a probe, since it is sent at once: its packets arrive at the rate of
the slowest hop. Where that was the truth while the link was full, it is believed when there is
room.
"""

AFTER_STEP = 0.85
'Fraction of what a full link carried that is sent from then on, so that its queue drains.'

NEAR_BELOW, NEAR_ABOVE = 0.8, 1.1
'Fractions of what the link carried between which growth is careful.'

SLOWEST, CAREFUL, LESS_CAREFUL, BOLD, KNOWN_ROOM = 1.01, 1.03, 1.08, 1.4, 2.0
"""
Growth in a second: where bursts show that all is used; near the rate of the last step down, at
first and at last; elsewhere; and where bursts show that there is room.
"""

PATIENCE, DOUBLING, MOST_DOUBLINGS = 3.0, 1.0, 2.0
"""
Seconds after a step down from which careful growth doubles, seconds for each doubling, and how
many there are: more than lead to `LESS_CAREFUL`.
"""

ROOM, USABLE = 1.3, 0.9
'The capacity that bursts show, as a multiple of the rate, that is room; and what of it is used.'

HONEST = 1.25
'The factor by which what bursts showed may differ from what a full link carried, to be believed.'


class Growth:
    """The growth of one link's rate. Reads no clock: times are in seconds, rates in bit/s."""

    def __init__(self) -> None:
        self._carried = float('inf')
        self._stepped_at = float('-inf')
        self._is_honest = False

    def stepped_down(self, carried: float, capacity: float | None, now: float) -> None:
        """Note that at `now` the full link carried so much, and what its bursts showed."""
        self._carried, self._stepped_at = carried, now
        self._is_honest = capacity is not None and carried / HONEST < capacity < HONEST * carried

    def shown(self, capacity: float | None) -> float | None:
        """Return the `capacity` that bursts show, None if it was wrong when the link was full."""
        return capacity if self._is_honest else None

    def grown(
        self, rate: float, capacity: float | None, elapsed: float, now: float, *, tested: bool
    ) -> float:
        """
        Return what becomes of `rate` in `elapsed` seconds, until `now`, by `shown` capacity.

        It is `tested` if most of it is sent.
        """
        if capacity is not None and capacity > ROOM * rate:
            return min(rate * float(KNOWN_ROOM**elapsed), USABLE * capacity)
        return rate * float(self._factor(rate, capacity, now, tested) ** elapsed)

    def _factor(self, rate: float, capacity: float | None, now: float, tested: bool) -> float:
        if capacity is not None and rate >= USABLE * capacity:
            return SLOWEST
        if not tested:
            return CAREFUL
        if not NEAR_BELOW * self._carried <= rate < NEAR_ABOVE * self._carried:
            return BOLD
        doublings = max(0.0, now - self._stepped_at - PATIENCE) / DOUBLING
        doublings = min(doublings, MOST_DOUBLINGS)  # a session may pause for hours
        return min(1 + (CAREFUL - 1) * float(2**doublings), LESS_CAREFUL)
