"""A step down of the rate, on trial until packets sent since then show that it was right."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from webrtc_bridge.media.bandwidth.transport.bursts import Burst
from webrtc_bridge.media.bandwidth.transport.observations import Observations
from webrtc_bridge.media.bandwidth.transport.queue import STANDING

TRIAL, FEWEST, PARTS = 0.7, 6, 3
"""
Seconds and bursts that show whether the queue becomes shorter: by the first and the last of so
many parts of them.
"""

LEAST_DRAINED = 0.02
'Seconds of a queue that must have been able to leave; an encoder may send more than it should.'

LOSS_STAYS = 0.6
'Fraction of the loss that is left if the step down did not change it, but for chance.'


class Verdict(enum.Enum):
    """The outcome of a step down, as packets sent since then show it."""

    OPEN = 'nothing yet'
    RIGHT = 'the queue has gone'
    DRAINING = 'the queue is shorter'
    FULL = 'the queue is as long as before, or longer'
    PATH_DELAYS = 'the path is longer'
    PATH_LOSES = 'the path loses packets'


@dataclass(frozen=True, slots=True)
class StepDown:
    """
    A step down at `at` (seconds), to undo which the limit becomes `limit_before`.

    `sent` is the bit rate before it, `carried` what the link carried of that, and `lost` the
    fraction that it was for, if any.
    """

    at: float
    limit_before: float | None
    sent: float
    carried: float
    lost: float | None = None

    def still_waiting(self, link: Observations, now: float) -> float:
        """Return the seconds that what was sent before it needs to come out of the link."""
        rate = link.bursts.newest_rate() or self.sent
        newest = link.bursts.newest
        if newest is None:
            return 0.0
        return (min(now, self.at) - newest.sent) * self.sent / rate - link.shortest_age

    def judge(self, link: Observations) -> Verdict:
        """Return whether less sending has changed anything."""
        if self.lost is not None:
            if not link.has_loss:
                return Verdict.OPEN
            stays = link.loss.newest > LOSS_STAYS * self.lost
            return Verdict.PATH_LOSES if stays else Verdict.RIGHT
        bursts = link.judged
        if len(bursts) < FEWEST or bursts[-1].sent - bursts[0].sent < TRIAL:
            return Verdict.OPEN
        # The shortest of several: those that came in a break of a busy receiver are late.
        part = len(bursts) // PARTS
        first = link.queue.of(min(burst.delay for burst in bursts[:part]))
        last = link.queue.of(min(burst.delay for burst in bursts[-part:]))
        return self._verdict(first, last, self._drained(bursts))

    def _drained(self, bursts: Sequence[Burst]) -> float:
        """Return the seconds by which a queue has become shorter, as less was sent."""
        seconds = bursts[-1].sent - bursts[0].sent
        return seconds - 8 * sum(burst.size for burst in bursts[:-1]) / self.carried

    def _verdict(self, first: float, last: float, drained: float) -> Verdict:
        if last <= STANDING:
            return Verdict.RIGHT
        expected = min(first, drained)
        if expected < LEAST_DRAINED:
            return Verdict.FULL
        if last < first - expected / 2:
            return Verdict.DRAINING
        return Verdict.PATH_DELAYS if last <= first + expected else Verdict.FULL
