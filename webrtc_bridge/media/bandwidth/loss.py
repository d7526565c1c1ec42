"""Packet loss: what a link loses at any rate, and what it loses because it is full."""

TOO_MUCH = 0.15
'Fraction of the packets whose loss, beyond `Loss.accepted`, means that the rate must fall.'

MOST_ACCEPTED = 0.15
"""
Highest fraction that is accepted as lost at any rate, as it is on a radio link. A link that loses
more because it is full soon shows that in other ways too.
"""

QUEUE_FULL = 0.03
'Fraction of the packets whose loss means that a queue is full.'


class Loss:
    """The packets that one viewer loses, as fractions from 0 to 1."""

    def __init__(self) -> None:
        self.average = 0.0
        self.accepted = 0.0

    @property
    def fills_queue(self) -> bool:
        """Return whether so much is lost that the link's queue is probably full."""
        return self.average > QUEUE_FULL

    def note(self, fraction: float) -> bool:
        """Take the `fraction` lost since the last report; return whether it is too much."""
        # A second holds few packets: of 30, three more or less are chance.
        self.average = (self.average + fraction) / 2
        too_much = self.average > TOO_MUCH + self.accepted
        if not too_much:
            self.accepted = min(self.average, MOST_ACCEPTED)
        return too_much
