"""Limits that the broker enforces on its clients, and their rate limit (sans-I/O)."""

from dataclasses import dataclass


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

    max_dropped: int = 100
    'Messages above the rate that are dropped before the socket is closed.'

    max_candidates: int = 64
    'ICE candidates from each side of a session, those in its description included.'

    max_pending: int = 8
    'Sessions of one receiver that may wait for their answer; the oldest makes room for another.'

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
    """The requests for a session that one sender got: a share of them for each receiver."""

    __slots__ = ('_buckets',)

    MOST = 1024
    'Receivers that are remembered.'

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBucket] = {}

    def may_ask(self, receiver_id: str, limits: Limits, now: float) -> bool:
        """Count a request; return whether it is allowed."""
        bucket = self._buckets.pop(receiver_id, None)
        if bucket is None:
            bucket = TokenBucket(limits.request_rate, limits.request_burst, now)
        self._buckets[receiver_id] = bucket
        if len(self._buckets) > self.MOST:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)

    def clear(self) -> None:
        """Begin again: the sender has just registered, and receivers ask it at once."""
        self._buckets.clear()


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
