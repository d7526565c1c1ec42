"""One direction of a network path that loses, delays, reorders, repeats and throttles packets."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

RTCP_TYPES = range(192, 224)
'Second bytes that tell RTCP from RTP (RFC 5761, section 4).'


@dataclass(frozen=True, slots=True)
class RtpHeader:
    """The part of a packet that SRTP leaves in the clear; `resent` is of RFC 4588."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    resent: bool


def rtp_header(data: bytes, resent_types: frozenset[int] = frozenset()) -> RtpHeader | None:
    """Return the header if `data` is RTP, not RTCP, STUN or DTLS (RFC 7983)."""
    if len(data) < 12 or not 128 <= data[0] <= 191 or data[1] in RTCP_TYPES:
        return None
    payload_type = data[1] & 0x7F
    return RtpHeader(
        payload_type,
        bool(data[1] & 0x80),
        int.from_bytes(data[2:4], 'big'),
        int.from_bytes(data[4:8], 'big'),
        int.from_bytes(data[8:12], 'big'),
        payload_type in resent_types,
    )


class OneLoss:
    """
    A `drop` rule: lose the first packet that is `wanted`, and `resent` retransmissions of it.

    A retransmission hides which packet it repeats, so those that follow the loss count as its.
    """

    def __init__(
        self, resent: float = 0, wanted: Callable[[RtpHeader], bool] = lambda header: True
    ) -> None:
        self.victim: RtpHeader | None = None
        self.lost_resent = 0
        self._resent = resent
        self._wanted = wanted

    def __call__(self, header: RtpHeader) -> bool:
        if self.victim is None:
            if not header.resent and self._wanted(header):
                self.victim = header
            return self.victim is not None
        again = header.ssrc == self.victim.ssrc and header.sequence == self.victim.sequence
        if (header.resent or again) and self.lost_resent < self._resent:
            self.lost_resent += 1
            return True
        return False


@dataclass
class ImpairedLink:
    """
    Forward datagrams, with impairments that may be changed at any time by setting a field.

    Fractions are of 1, times in seconds. Belongs to an event loop.
    """

    down: bool = False
    'Nothing passes.'
    loss: float = 0.0
    'The fraction of all datagrams that is lost at random.'
    drop: Callable[[RtpHeader], bool] | None = None
    'Returns whether an RTP packet is lost, in addition to random loss.'
    duplicated: float = 0.0
    'The fraction that arrives twice.'
    delay: float = 0.0
    jitter: float = 0.0
    'The delay rises by up to this much, to another value every `jitter_interval`; order is kept.'
    jitter_interval: float = 0.2
    reordered: float = 0.0
    'The fraction that is held back, each for a time of its own, and overtaken by others.'
    held_back: float = 0.05
    'The longest time that these are held back.'
    rate: float = 0.0
    'Bits a second that pass, headers of IP and UDP included; 0 means unlimited.'
    queue: float = 0.2
    'Datagrams that would wait longer than this are dropped (tail drop).'
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    resent_types: frozenset[int] = frozenset()
    'Payload types of retransmissions.'
    came: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._frames: dict[int, float] = {}
        self._free_at = 0.0
        self._last_departure = 0.0
        self._jitter_now = 0.0
        self._jitter_until = 0.0

    @property
    def frames(self) -> int:
        """The number of video frames that arrived, lost or not; each has its own timestamp."""
        return len(self._frames)

    def worst_gap(self, since: float) -> float:
        """Return the longest wait for a frame, lost or not, from `since` until now."""
        moments = [since, *(t for t in self._frames.values() if t > since), time.monotonic()]
        return max(later - sooner for sooner, later in itertools.pairwise(moments))

    def send(self, data: bytes, forward: Callable[[bytes], None]) -> None:
        """Take a datagram; `forward` it now, later, twice or never."""
        self.came += 1
        header = rtp_header(data, self.resent_types)
        if header and not header.resent:
            self._frames.setdefault(header.timestamp, time.monotonic())
        if self._is_lost(header):
            self.lost += 1
            return
        for _ in range(2 if self.dice.random() < self.duplicated else 1):
            self._forward_in_time(data, forward)

    def _is_lost(self, header: RtpHeader | None) -> bool:
        if self.down or self.dice.random() < self.loss:
            return True
        return self.drop is not None and header is not None and self.drop(header)

    def _forward_in_time(self, data: bytes, forward: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        served = self._served_at(now, len(data) + 28)
        if served is None:
            self.lost += 1
            return
        departure = served + self.delay + self._jitter(now)
        if self.dice.random() < self.reordered:
            departure += self.dice.uniform(0, self.held_back)
        else:
            departure = self._last_departure = max(departure, self._last_departure)
        if departure <= now:
            forward(data)
        else:
            loop.call_at(departure, forward, data)

    def _served_at(self, now: float, size: int) -> float | None:
        """Return when the last bit has passed the bottleneck; None if the queue is full."""
        if not self.rate:
            return now
        started = max(now, self._free_at)
        if started - now > self.queue:
            return None
        self._free_at = started + 8 * size / self.rate
        return self._free_at

    def _jitter(self, now: float) -> float:
        if now >= self._jitter_until:
            self._jitter_now = self.dice.uniform(0, self.jitter)
            self._jitter_until = now + self.jitter_interval
        return min(self._jitter_now, self.jitter)
