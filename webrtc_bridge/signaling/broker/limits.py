"""Limits that the broker enforces on its clients, and their rate limit (sans-I/O)."""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar('T')
V = TypeVar('V')


@dataclass(frozen=True)
class Limits:
    """Limits of one client, one session and one broker."""

    hello_timeout: float = 10.0
    'Seconds that a socket on `/ws` has for its `register`.'

    message_rate: float = 200.0
    'Sustained rate of messages of one client (1/s); a long one counts once more for each KiB.'

    message_burst: float = 1000.0
    'Messages that a client may send at once.'

    request_rate: float = 1.0
    """
    Sustained rate at which one receiver may ask the same sender for a session (1/s).

    Each costs the sender a connection, 7 ms of CPU.
    """

    request_burst: float = 10.0
    'Such requests at once.'

    request_rate_of_owner: float = 8.0
    'The same for all receivers with one token, or of one address, together, but the first each.'

    request_burst_of_owner: float = 32.0

    max_dropped: int = 100
    'Messages above the rate that are dropped before the socket is closed.'

    max_candidates: int = 64
    'ICE candidates from each side of a session, those in its description included.'

    max_pending: int = 64
    'Sessions of one receiver, which may show many cameras, that may wait; the oldest makes room.'

    max_pending_of_owner: int = 32
    'Sessions with one sender that receivers with one token, or of one address, may have waiting.'

    session_timeout: float = 15.0
    'Seconds from `request_offer` to `answer`.'

    absence: float = 60.0
    'Seconds that the sessions of a peer without a socket are remembered.'

    max_absent: int = 1024
    'Peers without a socket that are remembered; beyond that, those gone longest are forgotten.'

    ice_servers_renewal: float = 0.0
    'Seconds after which a peer is sent the ICE servers again; 0 is never.'


class Requests:
    """
    The requests for a session that one sender got: a share for each receiver, and for each owner.

    A receiver that has not asked lately is let in whatever other receivers of its owner ask.
    """

    __slots__ = ('_let_in', '_owners', '_receivers')

    LATELY = 10.0
    'Seconds since the last request that was let in.'

    MOST = 1024
    'Receivers, and owners, that are remembered.'

    def __init__(self) -> None:
        self._receivers: dict[str, TokenBucket] = {}
        self._owners: dict[Hashable, TokenBucket] = {}
        self._let_in: dict[str, float] = {}

    def may_ask(self, receiver_id: str, owner: Hashable, limits: Limits, now: float) -> bool:
        """Count a request of a receiver; return whether it is allowed."""
        rate, burst = limits.request_rate_of_owner, limits.request_burst_of_owner
        shared = self._bucket(self._owners, owner, rate, burst, now)
        rate, burst = limits.request_rate, limits.request_burst
        own = self._bucket(self._receivers, receiver_id, rate, burst, now)
        is_new = now - self._let_in.get(receiver_id, -math.inf) >= self.LATELY
        if not (own.take(now) and (shared.take(now) or is_new)):
            return False
        self._remember(self._let_in, receiver_id, now)
        return True

    def clear(self) -> None:
        """Begin again: the sender has just registered, and receivers ask it at once."""
        self._receivers.clear()
        self._owners.clear()
        self._let_in.clear()

    def _bucket(
        self, buckets: dict[T, 'TokenBucket'], key: T, rate: float, burst: float, now: float
    ) -> 'TokenBucket':
        bucket = buckets.get(key) or TokenBucket(rate, burst, now)
        self._remember(buckets, key, bucket)
        return bucket

    def _remember(self, values: dict[T, V], key: T, value: V) -> None:
        values.pop(key, None)
        values[key] = value
        if len(values) > self.MOST:
            del values[next(iter(values))]


class TokenBucket:
    """Allow `rate` events per second in the long run and `burst` at once."""

    __slots__ = ('_burst', '_filled_at', '_rate', 'tokens')

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._filled_at = now
        self.tokens = burst

    def take(self, now: float, cost: float = 1.0) -> bool:
        """
        Count an event at `now` (s, never decreasing); return whether it is allowed.

        An event that costs more than there is leaves a debt; so it is allowed after any pause,
        however small the burst.
        """
        filled = self.tokens + (now - self._filled_at) * self._rate
        self.tokens = min(self._burst, filled)
        self._filled_at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= cost
        return True

    @property
    def recovered(self) -> bool:
        """Return whether half of the burst is available again."""
        return self.tokens * 2 >= self._burst
