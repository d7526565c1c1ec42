"""Links with names, and those that change while they are in use."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.links.link_model import LinkModel

Fields = Mapping[str, Any]
"""
Fields of a `LinkModel` and their values.

`video.rate` is that of the direction that video takes, `feedback.rate` that of the other.
"""

IMPAIRMENTS = (
    *('down', 'loss', 'burst', 'duplicated', 'delay', 'jitter', 'jitter_interval', 'keeps_order'),
    *('reordered', 'held_back', 'rate', 'queue', 'queue_bytes'),
)
CALM: Fields = {
    one.name: one.default for one in dataclasses.fields(LinkModel) if one.name in IMPAIRMENTS
}


def of_direction(fields: Fields, direction: str) -> Fields:
    """Return the fields of `direction`, without their prefix. Raises: ValueError."""
    chosen = {}
    for name, value in fields.items():
        *prefix, own_name = name.split('.')
        if own_name not in IMPAIRMENTS or prefix not in ([], ['video'], ['feedback']):
            raise ValueError(name)
        if prefix in ([], [direction]):
            chosen[own_name] = value
    return chosen


@dataclass(frozen=True)
class Change:
    """Fields that change `at` so many seconds after the start, of both directions."""

    at: float
    fields: Fields


@dataclass(frozen=True)
class Profile:
    """Both directions of a path; its `changes` start over `every` so many seconds, unless 0."""

    name: str
    fields: Fields = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    every: float = 0.0

    def timetable(self) -> Iterator[Change]:
        """Yield the changes in their order, without end if they start over."""
        start = 0.0
        while self.changes:
            for change in self.changes:
                yield Change(start + change.at, change.fields)
            if not self.every:
                return
            start += self.every


def spread(mean: float, either_way: float) -> Fields:
    """
    Return a delay of `mean` seconds, give or take.

    It has another value every 20 ms and keeps order, as a radio link that repeats what is lost.
    """
    return {
        'delay': mean - either_way,
        'jitter': 2 * either_way,
        'jitter_interval': 0.02,
    }


LAN = Profile('lan', {'delay': 0.0005})
BAD_WIFI = Profile('bad-wifi', {**spread(0.015, 0.01), 'loss': 0.08, 'burst': 2, 'rate': 2e6})
LTE = Profile('4g', {**spread(0.05, 0.015), 'loss': 0.03, 'rate': 10e6})
STARLINK = Profile(
    'starlink',
    {**spread(0.03, 0.01), 'loss': 0.02, 'rate': 15e6},
    # Every 15 s the terminal goes on to another satellite, which may be nearer or farther.
    (
        Change(14.85, {'down': True}),
        Change(15.0, {'down': False, 'delay': 0.03}),
        Change(29.85, {'down': True}),
        Change(30.0, {'down': False, 'delay': 0.02}),
    ),
    every=30.0,
)
GEO = Profile('geo', {'delay': 0.3, 'loss': 0.01})
SEVERE = Profile('severe', {**spread(0.1, 0.03), 'loss': 0.05, 'burst': 2, 'rate': 2e6})

PROFILES = {one.name: one for one in (LAN, BAD_WIFI, LTE, STARLINK, GEO, SEVERE)}
