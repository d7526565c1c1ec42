"""
Estimate the bandwidth to a viewer that reports no arrival times. No I/O, no clock.

The estimator follows Google Congestion Control (draft-ietf-rmcat-gcc) in its plan: a limit from
delay and one from loss, a step down to 0.85 of what the link carried, slow growth near that rate.
It differs where GCC needs what our viewers do not send:

- GCC's sender measures the delay gradient between groups of packets, from the arrival time of each
  packet (`transport/estimator.py` does where the viewer reports it). Here a queue is seen in the
  round trips of receiver reports, about one a second (`round_trip.py`).
- The viewer's REMB, which browsers compute by GCC's delay detector, is a sign of a full link and
  not the limit itself: a viewer that is sent little estimates little (`remb.py`).
- Loss counts over a second or more, and beyond what the link loses at any rate (`loss.py`); GCC
  steps down at 10 %.
- A step down after which the round trip is as long as before is taken back: that was the path.
- After a step down nothing is sent for up to a second, so that the queue drains, and reports that
  still describe the time before are ignored; GCC has reports every 50 to 250 ms and keeps sending.
- A limit that is not used is forgotten: a still picture says nothing about the link.
"""

import enum
import logging

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.loss import Loss
from webrtc_bridge.media.bandwidth.remb import OF_CARRIED, Remb
from webrtc_bridge.media.bandwidth.round_trip import FAR_TOO_LONG, LIKELY_SHORTEST, RoundTrip
from webrtc_bridge.media.bandwidth.sent_rate import SentRate
from webrtc_bridge.media.bandwidth.unused_limit import USED, UnusedLimit

LOWEST = 30_000.0
'Bit/s that a link is taken to carry at least, whatever its viewer reports.'

SETTLING_TIME = 1.5
"""
Seconds after a step down during which reports still describe the time before it: aiortc sends one
every 0.5 to 1.5 s.
"""

LIKELY_FULL = 0.75
'REMB as a fraction of the sent rate below which the link is full, if no round trip is known.'

FULL_WITH_QUEUE = 0.9
"""
REMB as a fraction of the sent rate below which the link is full, if the round trips show a queue.

If they show none, a low REMB means nothing: it mirrors a low sent rate (after a still picture it
grows by 8 % a second), depends on single frames where few are sent, and is too low every other
second on a busy computer.
"""

QUEUE = 0.04
'Seconds by which the round trip grows when packets wait in a queue.'

TOO_LONG_QUEUE = 0.08
"""
Seconds in the queue, in two reports, that are too many. A single report, which a busy computer may
send late, must show `FAR_TOO_LONG`, and no REMB that says that everything arrives.
"""

FULL_QUEUE = 0.25
'Seconds of video in the queue of a link that drops packets, at least; home routers have more.'

LONGEST_PAUSE = 1.0
"""
Longest time, in seconds, for which nothing is sent so that the queue drains. If more is waiting,
another pause follows once a report shows that the queue has become shorter.
"""

LONGEST_GUESS = 0.5
"Longest pause if no round trip shows a queue: perhaps the viewer's computer was busy."

CALM = 1.0
'Seconds without growth after settling.'

CAREFUL = 1.02
'Growth in a second near the rate that was too high.'

BOLD = 1.25
'Growth in a second elsewhere.'

PATIENCE, DOUBLING = 3.0, 2.0
'Seconds without complaints after which careful growth doubles, and how often: the link is free.'

NEAR = 0.95
'Fraction of what the link carried from which growth is careful, up to `BEYOND`.'

BEYOND = 1.2
'Fraction of what the link carried from which growth is bold again.'

logger = logging.getLogger(__name__)


class EstimatorState(enum.Enum):
    """The phases of an estimator."""

    UNLIMITED = 'no limit is known'
    SETTLING = 'after a step down, reports describe the time before it'
    DRAINING = 'the queue is shorter and still long, nothing is sent'
    HOLDING = 'the limit stays'
    GROWING = 'the limit grows'


class BandwidthEstimator:
    """
    The bit rate that one viewer's link allows: down at once, up slowly.

    `rate` is in bit/s; None while no limit is known. `name` is the viewer, for the log.
    """

    def __init__(self, name: str = '') -> None:
        self.rate: float | None = None
        self._name = name
        self._state = EstimatorState.UNLIMITED
        self._sent = SentRate()
        self._remb = Remb()
        self._round_trip = RoundTrip()
        self._loss = Loss()
        self._carried = float('inf')
        self._before_step: tuple[float | None, float] = None, self._carried
        self._now = float('-inf')
        self._settled_at = float('-inf')
        self._unused = UnusedLimit()

    @property
    def state(self) -> EstimatorState:
        """The phase after the last report."""
        return self._state

    @property
    def sent_rate(self) -> float | None:
        """The recent rate of sending in bit/s; None until it is known."""
        return self._sent.measure(self._now)

    def begin(self, now: float) -> None:
        """Note that from `now` on (seconds) the viewer is sent something."""
        self._sent.note(now, 0)

    def report(self, feedback: Feedback, sent: int, now: float) -> float:
        """
        Take what the viewer reports at `now` (seconds), after `sent` bytes in all.

        Return the seconds for which nothing is to be sent, so that a queue in the link drains.
        """
        elapsed, self._now = now - self._now, now
        self._sent.note(now, sent)
        rising = self._note(feedback)
        if now < self._settled_at:
            self._loss.skip(feedback.packets, now)
            return 0.0
        if feedback.round_trip and self._round_trip.settled(feedback.round_trip):
            self._undo_step(feedback.round_trip)
        if feedback.round_trip and self._round_trip.is_draining:
            pause = min(LONGEST_PAUSE, feedback.round_trip - FAR_TOO_LONG)
            return self._settle(EstimatorState.DRAINING, pause)
        carried = self._carried_if_full(feedback, rising)
        if carried is None:
            self._grow(min(elapsed, 1.0))
            return 0.0
        pause = min(LONGEST_PAUSE, self._drain_time(carried))
        self._step_down(carried)
        return self._settle(EstimatorState.SETTLING, pause)

    def _note(self, feedback: Feedback) -> bool:
        """Take what `feedback` reports, but for loss; return whether the REMB is rising."""
        if feedback.round_trip is not None:
            self._round_trip.note(feedback.round_trip, self._now)
        estimate = feedback.bitrate_estimate
        return estimate is not None and self._remb.note(estimate, self._now)

    def _carried_if_full(self, feedback: Feedback, rising: bool) -> float | None:
        """Return what the link carried, in bit/s, if that was too little; else None."""
        sent = self.sent_rate
        if sent is None:
            return None
        signs = []
        estimate = feedback.bitrate_estimate
        if estimate is not None and not rising and estimate < self._full_below() * sent:
            signs.append(estimate / OF_CARRIED)
        if self._loss.note(feedback.packets, self._now):
            signs.append(sent * (1 - (self._loss.newest or 0.0)))
        if feedback.round_trip is not None and self._waits_too_long():
            signs.append(sent / (1 + self._round_trip.growth))
        return max(min(signs), LOWEST) if signs else None

    def _full_below(self) -> float:
        """Return the fraction of the sent rate below which a REMB means that the link is full."""
        if not self._round_trip.is_known:
            return LIKELY_FULL
        return FULL_WITH_QUEUE if self._queue() > QUEUE else 0.0

    def _queue(self, reports: int = 1) -> float:
        return self._round_trip.queue(self._loss.fills_queue, reports)

    def _waits_too_long(self) -> bool:
        if self._queue(2) > TOO_LONG_QUEUE:
            return True
        everything_arrives = not self._loss.fills_queue and (
            (self.sent_rate or 0.0) <= self._remb.estimate < float('inf')
        )
        return self._queue() > FAR_TOO_LONG and not everything_arrives

    def _drain_time(self, carried: float) -> float:
        """Return the seconds that what waits in the link may need to pass."""
        if self._loss.newest:
            return max(FULL_QUEUE, self._queue())
        guess = min(self._sent.excess(carried, self._now) / carried, LONGEST_GUESS)
        if not self._waits_too_long():
            return max(0.0, guess)
        # While the link was never empty, the shortest round trip has a queue in it too.
        return max(self._round_trip.newest - LIKELY_SHORTEST, self._queue(), guess)

    def _step_down(self, carried: float) -> None:
        self._before_step = self.rate, self._carried
        if self.rate is None:
            self._unused.begin(self._now)
        self._unused.use(self._now)
        self._carried = carried
        rate = OF_CARRIED * carried
        self.rate = max(LOWEST, rate if self.rate is None else min(rate, NEAR * self.rate))

    def _undo_step(self, round_trip: float) -> None:
        """Take back a step down that shortened no queue: the path became longer."""
        if not self._loss.fills_queue:
            self._round_trip.take_as_path(round_trip)
            self.rate, self._carried = self._before_step

    def _settle(self, state: EstimatorState, pause: float) -> float:
        """Ignore reports until some time after `pause`, which is returned."""
        self._settled_at = self._now + pause + SETTLING_TIME
        self._round_trip.restart(pause)
        self._sent.restart()
        self._set_state(state)
        return pause

    def _grow(self, elapsed: float) -> None:
        """Raise the rate if it is used, forget it if it was not used for long."""
        sent = self.sent_rate
        if self.rate is None:
            self._set_state(EstimatorState.UNLIMITED)
        elif sent is None or self._now < self._settled_at + CALM or self._queue() > QUEUE:
            self._set_state(EstimatorState.HOLDING)
        elif sent >= USED * self.rate:
            self._unused.use(self._now)
            self.rate *= self._growth(self.rate, sent) ** elapsed
            self._set_state(EstimatorState.GROWING)
        elif self._unused.forget_if_unused(self._now):
            self.rate = None
            self._set_state(EstimatorState.UNLIMITED)
        else:
            self._set_state(EstimatorState.HOLDING)

    def _growth(self, rate: float, sent: float) -> float:
        near = NEAR * self._carried <= rate < BEYOND * self._carried
        if not near and self._remb.estimate >= sent:
            return BOLD
        doublings = max(0.0, self._now - self._settled_at - CALM - PATIENCE) / DOUBLING
        return min(1 + (CAREFUL - 1) * float(2**doublings), BOLD)

    def _set_state(self, state: EstimatorState) -> None:
        if state is not self._state:
            self._state = state
            rate = f'{self.rate / 1000:.0f} kbit/s' if self.rate else 'no limit'
            logger.debug('%s: bandwidth %s, %s', self._name, rate, state.value)
