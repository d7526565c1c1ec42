"""Decide which sender to ask for a session and which stream to show, without I/O."""

import enum
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from webrtc_bridge.receiving.actions import (
    Action,
    Adopt,
    End,
    Open,
    Reject,
    Request,
    Resume,
    SwitchFailed,
    Trouble,
    TroubleKind,
)
from webrtc_bridge.signaling.protocol.messages import Offer

OFFER_TIMEOUT = 5.0
'Seconds within which a sender must make its offer.'

SWITCH_TIMEOUT = 10.0
'Seconds within which another sender must show a picture; else the old one is kept.'

RETRY_DELAYS = (0.0, 0.3, 1.0, 2.0, 3.0)
"""
Seconds before the first, second, … attempt at a session; the last one repeats. Each is shortened
by up to half at random, so that receivers do not all ask a full sender at once.
"""

PATIENCE = 10.0
"""
Seconds without a frame after which another session is requested although the sender's reports
arrive: the sender and the path are alive, so its camera may be lost, which no session mends.
"""

logger = logging.getLogger(__name__)


class StreamState(enum.StrEnum):
    """
    The state of a receiver; without a current stream it is one of the first two.

    Idle is a stream that its sender pauses, because nobody wants it.
    """

    WAITING = 'waiting'
    CONNECTING = 'connecting'
    RECEIVING = 'receiving'
    STALE = 'stale'
    IDLE = 'idle'


class Liveness(enum.Enum):
    """Signs of life of a stream: what arrives of it; frames may be rare."""

    FRAMES = 'frames'
    WAITING = 'reports that there is no picture yet'
    ONLY_REPORTS = 'only reports'
    NOTHING = 'nothing'


@dataclass(slots=True)
class _Stream:
    serial: int
    sender_id: str
    silent_since: float | None = None
    is_in_doubt: bool = False
    'Whether its sender has left before it showed anything: maybe before it got the answer.'


@dataclass(slots=True)
class _Request:
    sender_id: str
    due: float
    sent: bool = False


class Selection:
    """
    Follow one sender: ask it for a session, ask again, switch to another without a gap.

    Of its streams one may be current, from its first picture on, and one more may be the next one,
    which ends the current one with its own first picture. Every event returns the actions to carry
    out; `now` is monotonic time in seconds. `tick` is due at `deadline`, which any event may
    change. `jitter` returns random numbers from 0 to 1.
    """

    def __init__(self, wanted: str = '', jitter: Callable[[], float] = random.random) -> None:
        self.senders: dict[str, str] = {}
        self._wanted = wanted
        self._jitter = jitter
        self._current: _Stream | None = None
        self._next: _Stream | None = None
        self._request: _Request | None = None
        self._attempts = 0
        self._switch_by: float | None = None
        self._serial = 0

    @property
    def state(self) -> StreamState:
        """The state of the current stream, or how far the receiver has got without one."""
        if self._current:
            is_stale = self._current.silent_since is not None
            return StreamState.STALE if is_stale else StreamState.RECEIVING
        return StreamState.CONNECTING if self._next or self._request else StreamState.WAITING

    @property
    def sender_id(self) -> str:
        """Id of the sender to receive; empty if any would do and none is registered."""
        return self._target() or self._wanted

    @property
    def current(self) -> int | None:
        """Serial of the current stream."""
        return self._current.serial if self._current else None

    @property
    def deadline(self) -> float | None:
        """When `tick` is due, if nothing happens before."""
        due = (self._request.due if self._request else None, self._switch_by)
        return min((at for at in due if at is not None), default=None)

    def connected(self) -> list[Action]:
        """Forget the senders: the server lists them again, and has lost all requests."""
        self.senders.clear()
        self._request = None
        return []

    def sender_present(self, sender_id: str, name: str, now: float) -> list[Action]:
        """Note that a sender has registered, maybe once more."""
        self.senders[sender_id] = name
        self._forget_request(sender_id)
        if self._wanted in ('', sender_id):
            self._attempts = 0
            self._pursue(now)
        return []

    def sender_exit(self, sender_id: str, now: float) -> list[Action]:
        """Note that a sender's signaling socket is gone; its video may go on, or still come."""
        self.senders.pop(sender_id, None)
        if self._next and self._next.sender_id == sender_id:
            self._next.is_in_doubt = True
        if self._forget_request(sender_id):
            self._pursue(now)
        return []

    def follow(self, sender_id: str, now: float) -> list[Action]:
        """
        Want another sender; empty: stay, or take the first that is registered.

        The current stream goes on until the first picture of the new one. If there is none in
        `SWITCH_TIMEOUT`, its sender is followed again.
        """
        if sender_id == self._wanted:
            return []
        logger.info('following %s', sender_id or 'the first sender')
        self._wanted = sender_id
        self._request = None
        self._attempts = 0
        self._switch_by = None
        if self._current and sender_id not in ('', self._current.sender_id):
            self._switch_by = now + SWITCH_TIMEOUT
        actions = self._end_next()
        self._pursue(now)
        return actions

    def offer(self, offer: Offer) -> list[Action]:
        """Take a sender's offer."""
        if self._request is None or self._request.sender_id != offer.peer_id:
            return [Reject(offer)]
        self._request = None
        actions = self._end_next()
        self._serial += 1
        self._next = _Stream(self._serial, offer.peer_id)
        return [*actions, Open(self._serial, offer)]

    def refused(self, sender_id: str, reason: str, now: float) -> list[Action]:
        """Note that a request for an offer was refused, by the sender or by the server."""
        if self._request is None or not self._request.sent:
            return []
        if not self._forget_request(sender_id):
            return []
        shown = reason or 'no reason'
        logger.warning('%s refused: %s', sender_id, shown)
        self._pursue(now)
        return [Trouble(TroubleKind.REFUSED, sender_id, shown)]

    def first_picture(self, serial: int, now: float) -> list[Action]:
        """Note that a stream shows something."""
        if self._next is None or self._next.serial != serial:
            # Of a stream that was ended while its picture was decoded.
            hidden = self._current if self._current and self._current.serial < serial else None
            return [Resume(hidden.serial)] if hidden else []
        old, self._current, self._next = self._current, self._next, None
        sender_id = self._current.sender_id
        logger.info('receiving %s', sender_id)
        self._attempts = 0
        if sender_id == self._wanted:
            self._switch_by = None
        self._pursue(now)
        ends = [End(old.serial, f'switched to {sender_id}')] if old else []
        return [Adopt(serial), *ends]

    def liveness(self, serial: int, liveness: Liveness, now: float) -> list[Action]:
        """Note what arrives of a stream; to be repeated while no frames do."""
        for stream in (self._current, self._next):
            if stream is None or stream.serial != serial:
                continue
            if liveness in (Liveness.FRAMES, Liveness.WAITING):
                stream.silent_since = None
                continue
            if stream.silent_since is None:
                stream.silent_since = now
            if liveness is Liveness.NOTHING or now - stream.silent_since >= PATIENCE:
                self._pursue(now)
        return []

    def stream_ended(self, serial: int, reason: str, now: float) -> list[Action]:
        """Note that a stream's session has ended."""
        if self._current and self._current.serial == serial:
            ended, self._current = self._current, None
        elif self._next and self._next.serial == serial:
            ended, self._next = self._next, None
        else:
            return []  # as decided
        self._pursue(now)
        return [Trouble(TroubleKind.SESSION_ENDED, ended.sender_id, reason)]

    def tick(self, now: float) -> list[Action]:
        """Do what is due."""
        actions: list[Action] = []
        if self._switch_by is not None and now >= self._switch_by:
            actions += self._give_up_switch(now)
        if self._request and now >= self._request.due:
            actions.append(self._pass_due(self._request, now))
        return actions

    def _pass_due(self, request: _Request, now: float) -> Action:
        sender_id = request.sender_id
        if not request.sent:
            self._request = _Request(sender_id, now + OFFER_TIMEOUT, sent=True)
            return Request(sender_id)
        reason = f'no offer within {OFFER_TIMEOUT:.0f} s'
        logger.warning('%s made %s', sender_id, reason)
        self._request = None
        self._pursue(now)
        return Trouble(TroubleKind.NO_OFFER, sender_id, reason)

    def _give_up_switch(self, now: float) -> list[Action]:
        self._switch_by = None
        if self._current is None:
            return []  # there is nothing to go back to: keep waiting for the new one
        wanted, kept = self._wanted, self._current.sender_id
        text = 'no picture from %s within %.0f s; staying on %s'
        logger.warning(text, wanted, SWITCH_TIMEOUT, kept)
        return [*self.follow(kept, now), SwitchFailed(wanted, kept)]

    def _target(self) -> str | None:
        """Return the id of the sender to be received now, if there is one."""
        if self._wanted:
            return self._wanted if self._wanted in self.senders else None
        current = self._current
        if current and (current.silent_since is None or current.sender_id in self.senders):
            return current.sender_id
        coming = self._next
        if coming and (not coming.is_in_doubt or coming.sender_id in self.senders):
            return coming.sender_id
        return next(iter(self.senders), None)

    def _pursue(self, now: float) -> None:
        """Ask the target for a session, unless it delivers or one is under way."""
        target = self._target()
        current = self._current
        if target is None:
            return
        if current and current.sender_id == target and current.silent_since is None:
            return
        under_way = self._next if self._next and not self._next.is_in_doubt else None
        if target in (asked.sender_id for asked in (self._request, under_way) if asked):
            return
        delay = RETRY_DELAYS[min(self._attempts, len(RETRY_DELAYS) - 1)]
        self._attempts += 1
        self._request = _Request(target, now + delay * (1 - 0.5 * self._jitter()))

    def _forget_request(self, sender_id: str) -> bool:
        """Forget what a sender was asked on a socket that it has lost; return whether it was."""
        if self._request is None or self._request.sender_id != sender_id:
            return False
        self._request = None
        return True

    def _end_next(self) -> list[Action]:
        ended, self._next = self._next, None
        return [End(ended.serial, 'the receiver follows another sender')] if ended else []
