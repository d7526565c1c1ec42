"""
Estimate the bandwidth to one viewer by the fate of every packet. No I/O, no clock.

The estimator follows Google Congestion Control (draft-ietf-rmcat-gcc-02 and libwebrtc's
`goog_cc`) in its plan: transport-wide feedback gives the time of sending and of arrival of every
packet; where delays grow, or too much is lost, the rate falls to 0.85 of what the link carried;
near that rate it grows slowly, elsewhere fast. It differs in these points:

- Our sender does not pace: a frame is one burst. So every frame is a probe of the link, as those
  that libwebrtc has to send padding for, and a sender starts without a limit instead of at 300
  kbit/s (`bursts.py`, `growth.py`).
- Whether a queue grows is decided by a line through the delays that must beat a step and the
  noise, not by an adaptive threshold (`trend.py`), and a step down that shortened no queue is
  taken back: the path became longer (`step_down.py`, `queue.py`).
- Loss that stays after a step down is the path's, at any fraction (`random_loss.py`); GCC steps
  down at 10 %.
- After a step down, judgement is by packets sent since, of which there are exact times. Where more
  than `LONG_QUEUE` waits in the link, nothing is sent until it has drained.
- Retransmissions come out of the estimate: the rate is that of the video.
- A limit that is not used is forgotten: a still picture says nothing about the link.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.transport.growth import AFTER_STEP, Growth
from webrtc_bridge.media.bandwidth.transport.observations import Observations
from webrtc_bridge.media.bandwidth.transport.overload import (
    Overload,
    Sign,
    growth_signs,
    late_signs,
    loss_signs,
    standing_signs,
)
from webrtc_bridge.media.bandwidth.transport.step_down import StepDown, Verdict
from webrtc_bridge.media.bandwidth.unused_limit import USED, UnusedLimit
from webrtc_bridge.media.rtp.sent_packets import PacketResult

LOWEST = 30_000.0
'Bit/s that a link is taken to carry at least, whatever its viewer reports.'

LONG_QUEUE, LEFT, LONGEST_PAUSE = 0.25, 0.05, 1.0
"""
Seconds in a link from which nothing is sent, those that may be left when that ends, and the
longest that it lasts until another report. In a shorter queue, a lower rate costs less than a
keyframe.
"""

RESUME = 0.001
'Seconds of a pause that is to end.'

LONGEST_HELD_QUEUE = 0.03
'Seconds in the queue with which the rate still grows.'

AT_LEAST = 0.95
'The most of the limit that a step down leaves, where the video was larger than the limit.'

REACTION = 0.4
'Seconds from sending to the report that growth is meant for; if it takes longer, it is slower.'

TESTED = 0.85
'The part of the limit that must be sent for a lack of signs to speak for a higher one.'

ACCEPTED = 0.3
"The part of a loss that is taken as the path's while no sign speaks against it."

RETRANSMISSION_MEMORY = 0.1
'The part that a report has in the fraction of retransmissions.'

logger = logging.getLogger(__name__)


class TransportEstimator:
    """
    The bit rate that one viewer's link allows: down at once, and up as fast as is safe.

    `name` is the viewer, for the log.
    """

    def __init__(self, name: str = '') -> None:
        self._name = name
        self._limit: float | None = None
        self._link = Observations()
        self._growth = Growth()
        self._unused = UnusedLimit()
        self._step: StepDown | None = None
        self._retransmitted = 0.0
        self._is_paused = False
        self._now = float('-inf')

    @property
    def rate(self) -> float | None:
        """The bit/s of video that the link allows; None while no limit is known."""
        return None if self._limit is None else self._limit * (1 - self._retransmitted)

    def begin(self, now: float) -> None:
        """Need no note of the beginning: packets have their own times."""

    def report(self, feedback: Feedback, sent: int, now: float) -> float:
        """
        Take what the viewer reports at `now` (seconds).

        Return the seconds for which nothing is to be sent, so that a queue in the link drains.
        """
        if not feedback.packet_results:
            return 0.0
        elapsed, self._now = min(now - self._now, 1.0), now
        self._link.add(feedback.packet_results, now)
        self._note_retransmissions(feedback.packet_results)
        if not self._link.judged:
            return self._continue_pause()
        self._is_paused = False
        self._judge()
        if overload := next(self._signs(), None):
            return self._step_down(overload)
        self._grow(elapsed)
        return 0.0

    def _note_retransmissions(self, results: Sequence[PacketResult]) -> None:
        resent = sum(result.size for result in results if result.is_retransmission)
        part = resent / max(1, sum(result.size for result in results))
        self._retransmitted += RETRANSMISSION_MEMORY * (part - self._retransmitted)

    def _continue_pause(self) -> float:
        """Return the seconds that the pause is to last from now on, by what has arrived since."""
        if not self._is_paused or self._step is None:
            return 0.0
        if self._limit is not None and (rate := self._link.bursts.newest_rate()):
            self._limit = max(LOWEST, min(self._limit, AFTER_STEP * rate))
        waiting = self._step.still_waiting(self._link, self._now) - LEFT
        self._is_paused = waiting > 0
        return max(RESUME, min(waiting, LONGEST_PAUSE))

    def _judge(self) -> None:
        """End the trial of the last step down, or undo it."""
        if self._step is None or (verdict := self._step.judge(self._link)) is Verdict.OPEN:
            return
        logger.debug('%s: %s', self._name, verdict.value)
        step, self._step = self._step, None
        self._link.accept(self._now)
        if verdict is Verdict.DRAINING:
            self._step = replace(step, at=self._now)
            self._link.restart(self._now)
        elif verdict is Verdict.PATH_DELAYS:
            self._link.queue.take_as_path(self._link.judged)
            self._limit = step.limit_before
        elif verdict is Verdict.PATH_LOSES:
            self._link.loss.accept(1.0)
            self._limit = step.limit_before

    def _signs(self) -> Iterator[Overload]:
        """Yield the signs of a full link that are to be believed now."""
        yield from late_signs(self._link)
        if self._step is None:
            yield from growth_signs(self._link)
        if self._link.has_loss and (self._step is None or self._step.lost is None):
            yield from loss_signs(self._link, self._shown_capacity())
            self._link.loss.accept(ACCEPTED)
        if self._step is None:
            yield from standing_signs(self._link)

    def _step_down(self, overload: Overload) -> float:
        """Send less than the link carried; return the seconds of a pause."""
        carried = max(overload.carried, LOWEST)
        lost = self._link.loss.newest if overload.sign is Sign.LOSS else None
        is_sure = overload.sign in (Sign.GROWING, Sign.LATE)
        step = StepDown(self._now, self._limit, self._link.sent or carried, carried, lost)
        waiting = step.still_waiting(self._link, self._now) if is_sure else 0.0
        self._lower(carried)
        self._growth.stepped_down(carried, self._link.bursts.capacity(), self._now)
        self._link.restart(self._now)
        self._step = step
        self._is_paused = waiting > LONG_QUEUE
        logger.debug(
            '%s: bandwidth %.0f kbit/s, %s', self._name, carried / 1000, overload.sign.value
        )
        return min(waiting - LEFT, LONGEST_PAUSE) if self._is_paused else 0.0

    def _lower(self, carried: float) -> None:
        limit = AFTER_STEP * carried
        if self._limit is None:
            self._unused.begin(self._now)
        else:
            limit = min(limit, AT_LEAST * self._limit)
        self._limit = max(limit, LOWEST)
        self._unused.use(self._now)

    def _grow(self, elapsed: float) -> None:
        """Raise the limit if it is used, forget it if it was not used for long."""
        carried = self._link.carried
        if self._limit is None or self._step is not None or carried is None:
            return
        if carried < USED * self._limit:
            if self._unused.forget_if_unused(self._now):
                self._limit = None
            return
        self._unused.use(self._now)
        if self._link.standing <= LONGEST_HELD_QUEUE:
            elapsed *= REACTION / max(REACTION, self._link.age)
            self._limit = self._growth.grown(
                self._limit,
                self._shown_capacity(),
                elapsed,
                self._now,
                tested=carried >= TESTED * self._limit,
            )

    def _shown_capacity(self) -> float | None:
        return self._growth.shown(self._link.bursts.capacity())
