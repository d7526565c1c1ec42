"""Choose the time that a picture is stamped with."""

import logging
from collections.abc import Hashable

EARLIEST_NS = 5_000_000
"Time by which a frame may seem to arrive before its capture, plus the clocks' uncertainty."

LATEST_NS = 10_000_000_000
'Longest plausible delay from capture to arrival; beyond it, a clock must be wrong.'

OLDEST_NS = 30 * 24 * 3600 * 1_000_000_000
"""
The same where the sender's clock was compared with ours, for what is not older than the picture
before: the picture itself is old then, such as a map that was published once.
"""

STEP_NS = 500_000_000
"""
A step back of the capture time that is logged; one of this machine's clock that stamps follow.
"""

UNDECIDED_NS = 1_000_000_000
"""
Time from a session's first frame in which the first capture time may come, by a sender report that
was lost or late, before its lack is logged.
"""

logger = logging.getLogger(__name__)


class Stamper:
    """
    Stamp pictures with the time of their capture, or else of their arrival; stamps rise.

    Falls back where the time of capture is unknown or implausible, and logs the change; `what`
    names the stamped thing in the log. All times are Unix nanoseconds of this machine's clock:
    when that is set back, stamps go back as well, but only then.

    Where a sender's clock was not compared with ours, its first time of capture that cannot be, or
    is missing after others, decides for the whole session: stamps do not go back and forth.
    """

    def __init__(self, what: str, *, use_capture: bool) -> None:
        self._what = what
        self.fallbacks = 0
        self._use_capture = use_capture
        self._newest = 0
        self._newest_arrival = 0
        self._session: Hashable = ''
        self._started = 0
        self._distrusted = False
        self._plausible: bool | None = None
        self._stands_still = False

    def stamp(
        self,
        arrival_ns: int,
        capture_ns: int | None,
        uncertainty_ns: int | None,
        session: Hashable = '',
    ) -> int:
        """
        Return the stamp of a frame of `session` that arrived at `arrival_ns`.

        `uncertainty_ns` is that of the sender's clock; None if it was not compared with ours.
        """
        self._follow_clock(arrival_ns)
        if session != self._session:
            self._start(session, arrival_ns)
        stamp = arrival_ns
        if self._use_capture:
            delay_ns = None if capture_ns is None else arrival_ns - capture_ns
            plausible = self._is_trusted(delay_ns, arrival_ns, uncertainty_ns)
            if plausible:
                stamp -= delay_ns or 0
            else:
                self.fallbacks += 1
            if delay_ns is not None or self._is_decided(arrival_ns):
                self._note(plausible, delay_ns)
        self._note_step(self._newest - stamp)
        self._newest = max(stamp, self._newest + 1)
        return self._newest

    def _follow_clock(self, arrival_ns: int) -> None:
        """Forget the newest stamp if the clock was set back: it is in the future now."""
        back_ns = self._newest_arrival - arrival_ns
        if back_ns > STEP_NS:
            self._newest = 0
            self._stands_still = False
            text = '%s stamps step back: the clock of this machine was set back by %.3f s'
            logger.warning(text, self._what, back_ns / 1e9)
        if back_ns > STEP_NS or back_ns < 0:
            self._newest_arrival = arrival_ns

    def _start(self, session: Hashable, arrival_ns: int) -> None:
        """Judge another session by itself: what the last one claimed must not hold it up."""
        self._session = session
        self._started = arrival_ns
        self._distrusted = False
        self._newest = min(self._newest, arrival_ns + EARLIEST_NS)
        self._plausible = None
        self._stands_still = False

    def _is_trusted(
        self, delay_ns: int | None, arrival_ns: int, uncertainty_ns: int | None
    ) -> bool:
        """Return whether to stamp with the capture time, if there is one."""
        plausible = delay_ns is not None and self._is_plausible(
            delay_ns, arrival_ns, uncertainty_ns
        )
        if uncertainty_ns is not None:
            self._distrusted = False
        elif not plausible and (delay_ns is not None or self._plausible):
            self._distrusted = True
        return plausible and not self._distrusted

    def _is_plausible(self, delay_ns: int, arrival_ns: int, uncertainty_ns: int | None) -> bool:
        """Return whether a frame can have taken `delay_ns` from its capture to its arrival."""
        if uncertainty_ns is None or arrival_ns - delay_ns < self._newest - STEP_NS:
            latest_ns = LATEST_NS
        else:
            latest_ns = OLDEST_NS
        return -EARLIEST_NS - (uncertainty_ns or 0) <= delay_ns <= latest_ns

    def _is_decided(self, arrival_ns: int) -> bool:
        """Return whether no capture time is known for long enough, or was known before."""
        return self._plausible is not None or arrival_ns - self._started > UNDECIDED_NS

    def _note_step(self, back_ns: int) -> None:
        if back_ns < 0:
            self._stands_still = False
        elif back_ns > STEP_NS and not self._stands_still:
            self._stands_still = True
            text = '%s stamps stand still: capture time went back by %.3f s'
            logger.warning(text, self._what, back_ns / 1e9)

    def _note(self, plausible: bool, delay_ns: int | None) -> None:
        if plausible is self._plausible:
            return
        self._plausible = plausible
        if plausible:
            logger.info('%s: stamping with capture time', self._what)
        elif delay_ns is None:
            text = '%s: stamping with arrival time: the sender reports no capture time'
            logger.info(text, self._what)
        else:
            text = '%s: stamping with arrival time: capture time is implausible, %.3f s %s it'
            order = 'before' if delay_ns >= 0 else 'after'
            logger.warning(text, self._what, abs(delay_ns) / 1e9, order)
