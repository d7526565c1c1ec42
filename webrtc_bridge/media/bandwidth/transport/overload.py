"""The signs of a link that carries less than it is sent."""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webrtc_bridge.media.bandwidth.transport.bursts import Burst, throughput
from webrtc_bridge.media.bandwidth.transport.observations import Observations
from webrtc_bridge.media.bandwidth.transport.queue import FEWEST, STANDING
from webrtc_bridge.media.bandwidth.transport.trend import growing

LATE, FAR_BELOW, RECENT = 0.15, 0.8, 8
"""
Seconds that the newest packet is late, and the fraction of the sent rate at which packets arrive,
that show a link to have become narrow: long before several bursts have come through. It is late
compared with so many bursts.
"""

SENT_WINDOW = 1.0
"""
Seconds over which the sent rate is measured for that: frames that a busy sender sends together are
late by their own size.
"""

FEWEST_BEFORE, USUAL, BEYOND_USUAL = 12, 0.85, 0.3
"""
Bursts whose delays show what is usual on a path; the part of them that is no longer than usual,
others came in a break of a busy receiver; and the part of a growth that must be beyond that.
"""

NARROW = 1.2
"""
The rate at which packets of a burst arrive, as a multiple of the sent one, up to which loss is
likely to be that of a full queue.
"""

MUCH_LOSS, SOME_LOSS = 0.15, 0.03
'Fractions lost beyond the path that are too many: on any link, and on a narrow one.'


class Sign(enum.Enum):
    """A sign that a link is full."""

    GROWING = 'its queue grows'
    LATE = 'packets arrive late and slowly'
    LOSS = 'it loses packets'
    STANDING = 'its queue does not end'


@dataclass(frozen=True, slots=True)
class Overload:
    """A sign, and what the link carries in bit/s."""

    sign: Sign
    carried: float


def growth_signs(link: Observations) -> Iterator[Overload]:
    """Yield what the delays of bursts show."""
    grown = growing(link.judged)
    carried = throughput(grown)
    if carried is not None and is_unusual(grown, link.before(grown[0])):
        yield Overload(Sign.GROWING, carried)


def is_unusual(grown: Sequence[Burst], before: Sequence[Burst]) -> bool:
    """Return whether delays that have `grown` are beyond those `before`, so it is not jitter."""
    if len(before) < FEWEST_BEFORE:
        return False
    usual = sorted(burst.delay for burst in before)[int(USUAL * len(before))]
    first = min(burst.delay for burst in grown[:FEWEST])
    last = min(burst.delay for burst in grown[-FEWEST:])
    return last - usual > (last - first) * BEYOND_USUAL


def late_signs(link: Observations) -> Iterator[Overload]:
    """Yield what the newest packets show."""
    recent = link.judged[-RECENT:]
    if not recent or recent[-1].late - min(burst.delay for burst in recent) <= LATE:
        return
    newest, sent = link.bursts.newest_rate(), link.bursts.offered(SENT_WINDOW)
    if newest is not None and sent is not None and newest < FAR_BELOW * sent:
        yield Overload(Sign.LATE, newest)


def loss_signs(link: Observations, capacity: float | None) -> Iterator[Overload]:
    """Yield what loss shows, where `capacity` is that of the link, if it is known."""
    carried, sent = link.carried, link.sent
    if carried is None or sent is None:
        return
    narrow = capacity is not None and capacity < NARROW * sent
    if link.loss.beyond > (SOME_LOSS if narrow else MUCH_LOSS):
        yield Overload(Sign.LOSS, carried)


def standing_signs(link: Observations) -> Iterator[Overload]:
    """Yield what a queue shows that neither grows nor ends."""
    if link.standing > STANDING and (carried := link.carried) is not None:
        yield Overload(Sign.STANDING, carried)
