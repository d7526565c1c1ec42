"""The goals, compared with the measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.clips import CARTOON
from benchmark.encoded_quality import OURS as OUR_SETTING
from benchmark.parts import delivery, links
from benchmark.parts.first_frame import DEAD_STUN, PLAIN
from benchmark.pipelines import OURS
from benchmark.plan import HD, SMALL, Size
from benchmark.reporting.figures import (
    arrived_percent,
    percentile,
    ratio,
    slope,
    together,
)
from benchmark.reporting.table import Row, Table

if TYPE_CHECKING:
    from benchmark.reporting.results import Results
    from benchmark.run import Record

Measured = float | None


@dataclass(frozen=True)
class Goal:
    """A figure that must not exceed `limit`, or with `at_least` must reach it."""

    title: str
    limit: float
    of: Callable[[Results], Measured]
    digits: int = 1
    at_least: bool = False

    def row(self, results: Results) -> Row | None:
        """Return its line; None if it was not measured."""
        measured = self.of(results)
        if measured is None:
            return None
        reached = measured >= self.limit if self.at_least else measured <= self.limit
        limit = f'{"≥" if self.at_least else "≤"} {self.limit:,g}'
        return Row(self.title, [limit, measured, 'yes' if reached else 'no'], self.digits)


def latency_of(size: Size, percent: float, pipeline: str = OURS) -> Callable[[Results], Measured]:
    """Return a function for a percentile of the latencies of a pipeline."""

    def of(results: Results) -> Measured:
        return percentile(together(rounds(results, size, pipeline), 'latencies_ms'), percent)

    return of


def rounds(results: Results, size: Size, pipeline: str) -> list[Record]:
    """Return the rounds of a pipeline at a size."""
    wanted = (str(size), pipeline)
    good = results.good('latency')
    return [record for record in good if (record['size'], record['pipeline']) == wanted]


def to_webrtcbin(results: Results) -> Measured:
    """Return our median latency at 720p, divided by that of webrtcbin."""
    ours, other = (latency_of(HD, 50, name)(results) for name in (OURS, 'webrtcbin'))
    return ratio(ours, other)


def cores_of(role: str) -> Callable[[Results], Measured]:
    """Return a function for the CPU of one of our processes at 720p."""

    def of(results: Results) -> Measured:
        return percentile([record['cores'][role] for record in rounds(results, HD, OURS)], 50)

    return of


def least_delivered(results: Results) -> Measured:
    """Return the lowest share of images that arrived at an untuned subscriber."""
    return delivery.share([record for record in results.good('delivery') if record['way'] == OURS])


def first_frame(case: str, percent: float) -> Callable[[Results], Measured]:
    """Return a function for a percentile of the times to the first picture."""

    def of(results: Results) -> Measured:
        good = results.good('first_frame')
        ours = [record for record in good if (record['way'], record['case']) == (OURS, case)]
        return percentile(together(ours, 'ms'), percent)

    return of


def value(part: str, key: str, scale: float = 1.0) -> Callable[[Results], Measured]:
    """Return a function for the value of `key` in the record of `part` that has it."""

    def of(results: Results) -> Measured:
        return next((record[key] * scale for record in results.good(part) if key in record), None)

    return of


def longest_switch(results: Results) -> Measured:
    """Return the longest time of all switches."""
    return max(together(results.good('switch'), 'switch_ms'), default=None)


def further_viewer(results: Results) -> Measured:
    """Return the cores per further viewer."""
    for record in results.good('viewers'):
        if record['way'] == OURS:
            return slope(zip(record['viewers'], record['cores'], strict=True))
    return None


def least_under_attack(results: Results) -> Measured:
    """Return the lowest share of its frame rate that a stream keeps."""
    rates = [record['fps'] for record in results.good('attack')]
    return min(100 * rate / rates[0] for rate in rates) if rates else None


def latest_newcomer(results: Results) -> Measured:
    """Return the longest time to a newcomer's first picture."""
    took = [record.get('newcomers_ms', []) for record in results.good('attack')]
    return max((each for one in took for each in one), default=None)


def least_sustained(results: Results) -> Measured:
    """Return the lowest share of images that arrived in a minute."""
    return min((arrived_percent(record) for record in results.good('sustained')), default=None)


def missed_on_links(results: Results) -> Measured:
    """Return the number of figures of links that miss their own goals."""
    return links.missed(results.good('links'))


def worse_on_links(results: Results) -> Measured:
    """Return the number of figures of links in which libwebrtc is better."""
    return links.worse(results.good('links'))


def quality(bitrate: int) -> Callable[[Results], Measured]:
    """Return a function for the PSNR of a real clip at a bit rate (bit/s)."""

    def of(results: Results) -> Measured:
        wanted = (CARTOON, bitrate, OUR_SETTING.name)
        keys = ('clip', 'bitrate', 'setting')
        good = results.good('quality')
        ours = [one for one in good if tuple(one[key] for key in keys) == wanted]
        return ours[0]['psnr'] if ours else None

    return of


GOALS = (
    Goal('capture to callback at 1280x720, p50 [ms]', 10, latency_of(HD, 50)),
    Goal('capture to callback at 1280x720, p99 [ms]', 20, latency_of(HD, 99)),
    Goal("p50 at 1280x720 divided by webrtcbin's", 0.65, to_webrtcbin, 2),
    Goal('capture to callback at 640x480, p50 [ms]', 6, latency_of(SMALL, 50)),
    Goal('capture to callback at 640x480, p99 [ms]', 12, latency_of(SMALL, 99)),
    Goal(
        'images that arrive at an untuned subscriber, 720p and 1080p, reliable and best effort: '
        'the worst [%]',
        100,
        least_delivered,
        at_least=True,
    ),
    Goal('CPU sender at 1280x720 [cores]', 0.20, cores_of('sender'), 3),
    Goal('CPU receiver at 1280x720 [cores]', 0.13, cores_of('receiver'), 3),
    Goal('time to the first picture, p50 [ms]', 60, first_frame(PLAIN, 50)),
    Goal('time to the first picture, p95 [ms]', 100, first_frame(PLAIN, 95)),
    Goal('with a dead STUN server, p50 [ms]', 60, first_frame(DEAD_STUN, 50)),
    Goal('with a dead STUN server, p95 [ms]', 100, first_frame(DEAD_STUN, 95)),
    Goal('switch of camera with a new session, the longest [ms]', 150, longest_switch),
    Goal('CPU of the receiver without a stream [cores]', 0.005, value('idle', 'waiting'), 4),
    Goal('CPU of each further viewer, sender [cores]', 0.008, further_viewer, 4),
    Goal(
        '1 kB messages relayed in a second',
        15_000,
        value('signaling', 'messages'),
        0,
        at_least=True,
    ),
    Goal('memory of an idle socket [kB]', 18, value('signaling', 'bytes', 0.001)),
    Goal('frame rate kept under attack [%]', 95, least_under_attack, at_least=True),
    Goal("a newcomer's first picture under attack, the longest [ms]", 1000, latest_newcomer, 0),
    Goal('PSNR of a cartoon at 1280x720, 1 Mbit/s [dB]', 36, quality(1_000_000), at_least=True),
    Goal('PSNR at 3 Mbit/s [dB]', 43.5, quality(3_000_000), at_least=True),
    Goal('figures of links that miss their goal', 0, missed_on_links, 0),
    Goal("figures of links that are worse than libwebrtc's", 0, worse_on_links, 0),
    Goal(
        '1080p30 and 720p60 for a minute: images that arrive, the worst [%]',
        100,
        least_sustained,
        2,
        at_least=True,
    ),
)


def goals_table(results: Results) -> Table:
    """Return the goals that were measured."""
    rows = [row for goal in GOALS if (row := goal.row(results))]
    return Table('Goals', ['goal', 'measured', 'reached'], rows)
