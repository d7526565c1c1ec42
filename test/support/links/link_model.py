"""One direction of a network path, without clock or sockets: when a datagram arrives, if ever."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.links.rtp_header import RtpHeader

HEADERS = 28
'Bytes of IP and UDP headers.'


@dataclass(frozen=True, slots=True)
class Served:
    """A datagram that has passed the bottleneck `at` a time, after it `waited` and was sent."""

    at: float
    size: int
    waited: float


@dataclass(slots=True)
class _Waiting:
    since: float
    size: int
    bits_left: float
    item: Any


@dataclass
class LinkModel:
    """
    Take datagrams and give them out when they are due; fields may be changed at any time.

    A datagram may be lost; then it waits for the bottleneck of `rate`, in a queue with tail drop;
    then it takes `delay`. Fractions are of 1, times in seconds, of any clock that never goes back.
    """

    down: bool = False
    'Nothing that comes passes.'
    loss: float = 0.0
    'The fraction of all datagrams that is lost at random.'
    burst: float = 1.0
    """
    The mean number of datagrams that are lost in a row. Above 1 it is Gilbert's model: of the two
    states of Gilbert and Elliott, the good one loses nothing and the bad one all.
    """
    drop: Callable[[RtpHeader], bool] | None = None
    'Returns whether an RTP packet is lost, in addition to random loss.'
    duplicated: float = 0.0
    'The fraction that arrives twice.'
    delay: float = 0.0
    jitter: float = 0.0
    'The delay rises by up to this much, to another value every `jitter_interval`.'
    jitter_interval: float = 0.2
    '0: for each datagram.'
    keeps_order: bool = True
    'Whether datagrams wait for those that came before and have a longer delay.'
    reordered: float = 0.0
    'The fraction that is held back, each for a time of its own, and overtaken by others.'
    held_back: float = 0.05
    'The longest time that these are held back.'
    rate: float = 0.0
    'Bits a second that pass, headers of IP and UDP included; 0 means unlimited.'
    queue: float = 0.2
    'Datagrams that would wait longer than this, at the present rate, are dropped.'
    queue_bytes: int = 0
    'The bound of the queue in bytes, instead; 0: `queue` applies.'
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    resent_types: frozenset[int] = frozenset()
    'Payload types of retransmissions.'
    served: list[Served] | None = None
    'Set to a list, it gets every datagram that passes the bottleneck.'
    came: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bits = 0.0
        self._now = 0.0
        self._under_way: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        self._last_arrival = 0.0
        self._jitter_now = 0.0
        self._jitter_until = 0.0
        self._in_burst = False

    def take(self, now: float, size: int, header: RtpHeader | None, item: Any) -> None:
        """Take a datagram of `size` bytes with headers, whose identity is `item`."""
        self._serve(now)
        self.came += 1
        if self._is_lost(header):
            self.lost += 1
            return
        for _ in range(2 if self._happens(self.duplicated) else 1):
            self._enqueue(_Waiting(now, size, 8.0 * size, item))
        self._serve(now)

    def change(self, now: float, **fields: Any) -> None:
        """Set fields; what has been sent until `now` was sent at the rate of before."""
        self._serve(now)
        for name, value in fields.items():
            setattr(self, name, value)

    def due(self, now: float) -> list[Any]:
        """Return what has arrived until `now`, in order of arrival."""
        self._serve(now)
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            arrived.append(heapq.heappop(self._under_way)[2])
        return arrived

    @property
    def next_at(self) -> float | None:
        """The time at which to ask again what is due; None if nothing is under way."""
        times = [arrival for arrival, _, _ in self._under_way[:1]]
        if self._waiting:
            # One that is in the queue arrives later than it leaves the queue.
            times.append(self._now + (self._waiting[0].bits_left / self.rate if self.rate else 0))
        return min(times, default=None)

    def _happens(self, fraction: float) -> bool:
        return fraction > 0 and self.dice.random() < fraction

    def _is_lost(self, header: RtpHeader | None) -> bool:
        if self.down or self._is_lost_at_random():
            return True
        return self.drop is not None and header is not None and self.drop(header)

    def _is_lost_at_random(self) -> bool:
        if self.burst <= 1 or not 0 < self.loss < 1:
            return self._happens(self.loss)
        leave = 1 / self.burst
        enter = (
            leave * self.loss / (1 - self.loss)
        )  # so that `loss` of the time is in the bad state
        chance = 1 - leave if self._in_burst else enter
        self._in_burst = self._happens(chance)
        return self._in_burst

    def _enqueue(self, one: _Waiting) -> None:
        if self.rate and self._waiting_bits > 8 * (self.queue_bytes or self.queue * self.rate / 8):
            self.lost += 1
            return
        self._waiting.append(one)
        self._waiting_bits += one.bits_left

    def _serve(self, now: float) -> None:
        """Let the bottleneck work until `now`."""
        while self._waiting:
            head = self._waiting[0]
            finished = self._now + head.bits_left / self.rate if self.rate else self._now
            if finished > now:
                sent = (now - self._now) * self.rate
                head.bits_left -= sent
                self._waiting_bits -= sent
                break
            self._now = finished
            self._waiting_bits -= head.bits_left
            self._waiting.popleft()
            self._depart(head)
        else:
            self._waiting_bits = 0.0
        self._now = now

    def _depart(self, one: _Waiting) -> None:
        if self.served is not None:
            self.served.append(Served(self._now, one.size, self._now - one.since))
        arrival = self._now + self.delay + self._jitter(self._now)
        if self._happens(self.reordered):
            arrival += self.dice.uniform(0, self.held_back)
        elif self.keeps_order:
            arrival = self._last_arrival = max(arrival, self._last_arrival)
        heapq.heappush(self._under_way, (arrival, next(self._numbers), one.item))

    def _jitter(self, now: float) -> float:
        if now >= self._jitter_until:
            self._jitter_now = self.dice.uniform(0, self.jitter)
            self._jitter_until = now + self.jitter_interval
        return min(self._jitter_now, self.jitter)
