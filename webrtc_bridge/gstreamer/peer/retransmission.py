"""Which lost packets a viewer is sent again. No I/O."""

BURST = 50
'Packets that may be sent again at once: a large keyframe.'

MOST = 0.5
"""
How many are sent again for each that is sent. Nothing else keeps webrtcbin from filling a full
link with them: at 300 kbit/s, six times as many packets were sent again as there were new ones.
"""

NUMBERS = 1 << 16
'Sequence numbers (RFC 3550 section 5.1).'


class Retransmissions:
    """Lets through what is asked for again, but not of before a pause, and not too much."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._forgotten: int | None = None
        self._allowed = float(BURST)

    def forget(self, newest: int) -> None:
        """Allow nothing up to number `newest`: it waits in a full link, or is no longer of use."""
        self._forgotten = newest

    def allows(self, number: int, newest: int) -> bool:
        """Say whether packet `number` is sent again, where `newest` is the last that was sent."""
        sent = (newest - self._newest) % NUMBERS if self._newest is not None else 0
        self._newest = newest
        self._allowed = min(BURST, self._allowed + MOST * sent)
        if self._forgotten is not None and (number - self._forgotten - 1) % NUMBERS > NUMBERS // 2:
            return False
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True
