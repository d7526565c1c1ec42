"""What one viewer's link carries, judged by what the viewer reports. No I/O, no clock."""

from collections import deque

from webrtc_bridge.media.bandwidth.feedback import Feedback

WINDOW, LONGEST_WINDOW = 0.7, 2.5
'Seconds over which what is sent is measured: a frame more or less must not count for much.'

REPORTS = 128
'Reports that are looked back on; aiortc sends 60 in a second while its link is full.'

SETTLING = 1.5
'Seconds after a step down whose reports still tell of before: aiortc sends one each 0.5 to 1.5.'

LIKELY_ESTIMATE, WAITING_ESTIMATE = 0.75, 0.9
"""
An estimate (REMB) below this part of what is sent, and not on the way up, tells of a full link:
where round trips are not known, and where they tell that packets wait. Where they tell that none
do, it says nothing: who has only been sent a picture that stands still estimates no more than that
takes, and 8 % more each second; with few frames in a second, one makes a difference; and
on a busy computer every second one is too low.
"""

WAITING = 0.04
'Seconds by which the round trip grows when packets wait.'

ESTIMATE_INTERVAL, RISE = 0.4, 1.02
'How an estimate is seen to be on the way up: it has grown by so much in so many seconds.'

ESTIMATE_OF_CARRIED = 0.85
"What an estimate is of the bits that came, when the link is full (aiortc's rate.py, libwebrtc)."

TOO_MUCH_LOSS, MOST_ACCEPTED = 0.15, 0.15
"""
The part of the packets that must be lost for the rate to fall, beyond what was lost all the time:
radio loses packets at any rate, and a full link soon says so otherwise too.
"""

TOO_LONG_QUEUE, FAR_TOO_LONG_QUEUE = 0.08, 0.2
"""
Seconds by which the round trip may grow: in two reports, and in one unless the viewer's estimate
says that all comes through. One report may be late because a computer was busy.
"""

SOME_LOSS, LIKELY_SHORTEST = 0.03, 0.15
"""
The part of the packets that is lost where a queue is full, and the round trip in seconds that then
counts as the shortest: the link may have been full from the first packet on.
"""

SHORTEST_WINDOW = 30.0
'Seconds after which the shortest round trip is looked for anew: a path may become a longer one.'

LOWEST = 30_000.0
'What a link carries at least, in bit/s, whatever a viewer says.'

FULL_QUEUE = 0.25
'Seconds that a link which drops packets has at least in its queue; home routers have more.'

LONGEST_PAUSE, LONGEST_GUESS = 1.0, 0.5
"""
Seconds at most in which nothing is sent, so that what waits in the link passes; the second, where
no round trip tells of a queue: it may be that the viewer's computer was busy. Where more waits,
another pause follows when the next report has shown that the queue became shorter.
"""

CALM = 1.0
'Seconds after that without growth.'

CAREFUL, BOLD = 1.02, 1.10
'Growth in a second, near what was too much and elsewhere.'

NEAR, BEYOND = 0.95, 1.2
'The parts of what the link carried between which growth is careful.'

USED = 0.6
'The part of the rate that must be sent to learn from silence that the link carries the rate.'

FIRST_PATIENCE, LONGEST_PATIENCE = 20.0, 320.0
'Seconds in which the rate was not used and nothing was wrong, until the limit is forgotten.'

TRIAL = 30.0
'Seconds after that in which a new limit shows that it was too early.'


class BandwidthEstimator:
    """
    The bit rate that one viewer's link allows: down at once, up slowly.

    `rate` is in bit/s; None as long as no limit is known.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self._carried = float('inf')
        self._sent: deque[tuple[float, int]] = deque(maxlen=REPORTS)
        self._now = float('-inf')
        self._estimate, self._estimated_at = float('inf'), float('-inf')
        self._round_trip = self._settled_round_trip = self._queue_growth = 0.0
        self._round_trip_at = float('-inf')
        self._round_trips: deque[float] = deque(maxlen=2)
        self._shortest = self._shortest_before = float('inf')
        self._shortest_since = float('-inf')
        self._loss = self._accepted_loss = 0.0
        self._settled_at = self._used_at = self._forgotten_at = float('-inf')
        self._patience = FIRST_PATIENCE

    def begin(self, now: float) -> None:
        """Take note that from `now` on (seconds) the viewer is sent something."""
        self._sent.append((now, 0))

    def report(self, feedback: Feedback, sent: int, now: float) -> float:
        """
        Take what the viewer reports at `now` (seconds), after `sent` bytes in all.

        Return the seconds for which nothing is to be sent, so that a queue in the link drains.
        """
        self._sent.append((now, sent))
        elapsed, self._now = now - self._now, now
        rising = self._note_estimate(feedback.bitrate_estimate)
        self._note_round_trip(feedback.round_trip)
        if now < self._settled_at:
            return 0.0
        if feedback.round_trip and self._is_draining():
            return self._settle(min(LONGEST_PAUSE, feedback.round_trip - FAR_TOO_LONG_QUEUE))
        carried = self._carried_now(feedback, rising)
        if carried is None:
            self._grow(min(elapsed, 1.0))
            return 0.0
        pause = min(LONGEST_PAUSE, self._waiting(feedback, carried))
        self._step_down(carried)
        return self._settle(pause)

    @property
    def sent_rate(self) -> float | None:
        """What has been sent of late, in bit/s; None as long as that is not known."""
        for time, sent in self._sent:
            if WINDOW <= self._now - time <= LONGEST_WINDOW:
                return 8 * (self._sent[-1][1] - sent) / (self._now - time)
        return None

    def _note_estimate(self, estimate: int | None) -> bool:
        """Take the viewer's estimate; say whether it is on the way up."""
        if estimate is None:
            return False
        rising = estimate > RISE * self._estimate
        if self._now - self._estimated_at >= ESTIMATE_INTERVAL:
            self._estimate, self._estimated_at = estimate, self._now
        return rising

    def _note_round_trip(self, round_trip: float | None) -> None:
        if round_trip is None:
            return
        before, self._round_trip = self._round_trip, round_trip
        elapsed, self._round_trip_at = self._now - self._round_trip_at, self._now
        self._queue_growth = max(0.0, round_trip - before) / max(elapsed, WINDOW)
        if self._now - self._shortest_since >= SHORTEST_WINDOW:
            self._shortest_before, self._shortest = self._shortest, float('inf')
            self._shortest_since = self._now
        self._shortest = min(self._shortest, round_trip)
        self._round_trips.append(round_trip)

    def _is_draining(self) -> bool:
        """Say whether a queue has become shorter, but may be long yet."""
        before = self._settled_round_trip - FAR_TOO_LONG_QUEUE
        return before > self._round_trip > 2 * FAR_TOO_LONG_QUEUE

    def _wait(self, count: int = 1) -> float:
        """Return the seconds that packets wait in the link, at least, in `count` reports."""
        if len(self._round_trips) < count:
            return 0.0
        shortest = min(self._shortest, self._shortest_before)
        if self._loss > SOME_LOSS:
            shortest = min(shortest, LIKELY_SHORTEST)
        return min(list(self._round_trips)[-count:]) - shortest

    def _waits_too_long(self) -> bool:
        if self._wait(2) > TOO_LONG_QUEUE:
            return True
        comes_through = self._loss <= SOME_LOSS and (
            (self.sent_rate or 0.0) <= self._estimate < float('inf')
        )
        return self._wait() > FAR_TOO_LONG_QUEUE and not comes_through

    def _carried_now(self, feedback: Feedback, rising: bool) -> float | None:
        """Return what the link carried, in bit/s, if that was too little; else None."""
        sent = self.sent_rate
        if sent is None:
            return None
        signs = []
        estimate, loss = feedback.bitrate_estimate, feedback.fraction_lost
        if estimate is not None and not rising and estimate < self._full_below() * sent:
            signs.append(estimate / ESTIMATE_OF_CARRIED)
        if loss is not None and self._is_too_much(loss):
            signs.append(sent * (1 - loss))
        if feedback.round_trip is not None and self._waits_too_long():
            signs.append(sent / (1 + self._queue_growth))
        return max(min(signs), LOWEST) if signs else None

    def _full_below(self) -> float:
        """Return the part of what is sent below which an estimate tells of a full link."""
        if not self._round_trips:
            return LIKELY_ESTIMATE
        return WAITING_ESTIMATE if self._wait() > WAITING else 0.0

    def _is_too_much(self, loss: float) -> bool:
        # A second holds few packets: of 30, three more or less are chance.
        self._loss = (self._loss + loss) / 2
        too_much = self._loss > TOO_MUCH_LOSS + self._accepted_loss
        if not too_much:
            self._accepted_loss = min(self._loss, MOST_ACCEPTED)
        return too_much

    def _waiting(self, feedback: Feedback, carried: float) -> float:
        """Return the seconds that what waits in the link may take to pass."""
        if feedback.fraction_lost:
            return max(FULL_QUEUE, self._wait())
        begin, before = self._sent[0]
        excess = 8 * (self._sent[-1][1] - before) - carried * (self._now - begin)
        guess = min(excess / carried, LONGEST_GUESS)
        if not self._waits_too_long():
            return max(0.0, guess)
        # As long as the link was never empty, the shortest round trip has a queue in it too.
        return max(self._round_trip - LIKELY_SHORTEST, self._wait(), guess)

    def _settle(self, pause: float) -> float:
        """Let what is reported until after `pause` count for nothing; return `pause`."""
        self._settled_at = self._now + pause + SETTLING
        self._settled_round_trip = self._round_trip
        self._round_trips.clear()
        newest = self._sent[-1]
        self._sent.clear()
        self._sent.append(newest)
        return pause

    def _step_down(self, carried: float) -> None:
        if self.rate is None:
            was_early = self._now - self._forgotten_at < TRIAL
            longer = min(2 * self._patience, LONGEST_PATIENCE)
            self._patience = longer if was_early else FIRST_PATIENCE
        self._carried = carried
        rate = ESTIMATE_OF_CARRIED * carried
        self.rate = max(LOWEST, rate if self.rate is None else min(rate, NEAR * self.rate))
        self._used_at = self._now

    def _grow(self, elapsed: float) -> None:
        sent = self.sent_rate
        if self.rate is None or sent is None or self._now < self._settled_at + CALM:
            return
        if self._wait() > WAITING:
            return
        if sent >= USED * self.rate:
            self._used_at = self._now
            is_near = NEAR * self._carried <= self.rate < BEYOND * self._carried
            is_near = is_near or self._estimate < sent
            self.rate *= (CAREFUL if is_near else BOLD) ** elapsed
        elif self._now - self._used_at >= self._patience:
            self.rate = None
            self._forgotten_at = self._now
