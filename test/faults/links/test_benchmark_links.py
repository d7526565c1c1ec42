"""The figures of emulated links in the benchmark."""

import dataclasses
import sys
from pathlib import Path

import pytest
from support.browser.chromium import PROGRAM

# At the end: an installed webrtc_bridge stays the one that is tested.
sys.path.append(str(Path(__file__).parents[3]))

from benchmark.links.cases import CASES, Step
from benchmark.links.ends import COLUMNS
from benchmark.links.figures import (
    Seen,
    below_half,
    fps,
    full_size,
    longest_gap,
    rate,
    regained,
    share,
    waited,
)
from benchmark.parts.links import LINKS, missed, pairs, tables, worse
from benchmark.plan import FULL, QUICK
from benchmark.reporting.goals import goals_table
from benchmark.reporting.results import Results
from benchmark.run import Run


def steady(kbits: dict[range, int]) -> Seen:
    """Return what was seen where each second of the ranges had so many kbit."""
    datagrams = [
        (second + tenth / 10, 125 * kbit // 10, tenth / 1000)
        for seconds, kbit in kbits.items()
        for second in seconds
        for tenth in range(10)
    ]
    return Seen([], datagrams)


def test_the_share_is_of_the_bits_in_the_window():
    seen = steady({range(10): 400, range(10, 20): 800})
    assert rate(seen, 0, 20) == pytest.approx(600e3)
    assert share(1e6, 10, 20)(seen) == pytest.approx(80)
    assert regained((0, 10), (10, 20))(seen) == pytest.approx(200)


def test_the_waiting_is_that_of_nineteen_of_twenty():
    assert waited(0, 20)(steady({range(20): 400})) == pytest.approx(9)
    assert waited(0, 20)(Seen([], [])) is None


def test_the_time_below_half_is_the_longest_in_one_piece():
    seen = steady({range(10): 1000, range(10, 13): 400, range(13, 14): 600, range(14, 19): 100})
    assert below_half((5, 10), 10, 20)(seen) == 6, 'with the second in which nothing came'
    assert below_half((5, 10), 10, 14)(seen) == 3
    assert below_half((5, 10), 10, 12)(steady({range(20): 1000})) == 0


def test_pictures_are_counted_timed_and_missed():
    pictures = [(0.0, 320, 180), (0.5, 640, 360), (1.5, 1280, 720), (3.5, 1280, 720)]
    seen = Seen(pictures, [])
    assert full_size(seen) == 1.5
    assert full_size(Seen(pictures[:2], [])) is None
    assert fps(0, 2)(seen) == 1.5
    assert longest_gap(0, 4)(seen) == 2
    assert longest_gap(0, 9)(seen) == 5.5, 'with the end'


def test_a_plan_chooses_links_and_columns():
    chosen = [(case.name, ends.name) for case, ends in pairs(Run(QUICK, Path()))]
    assert chosen[:2] == [('free', 'ours-page'), ('free', 'libwebrtc-page')]
    assert {case for case, _ in chosen} == set(QUICK.links) <= {case.name for case in CASES}
    assert set(QUICK.link_ends) <= {ends.name for ends in COLUMNS}
    everything = pairs(Run(FULL, Path()))
    assert {case.name for case, _ in everything} == {case.name for case in CASES}
    # A session takes 3 s to start and end.
    assert sum(case.seconds + 3 for case, _ in everything) < 20 * 60


def test_the_table_has_the_goal_and_what_never_happened():
    figures = {'full size after [s]': None}
    (table,) = tables(
        [
            {'case': 'free', 'ends': 'libwebrtc-page', 'figures': figures},
            {'case': 'free', 'ends': 'ours-page', 'figures': {'full size after [s]': 0.5}},
        ]
    )
    assert table.columns == ['goal', 'ours → page', 'libwebrtc → page']
    assert [(row.title, row.values) for row in table.rows] == [
        ('free link: full size after [s]', ['≤ 2', '0.5', 'never'])
    ]


def test_what_misses_its_goal_or_is_worse_is_counted():
    def records(ends, used, waited):
        figures = {'used [%]': used, 'queueing delay p95 [ms]': waited}
        return {'case': '2m-80ms-0', 'ends': ends, 'figures': figures}

    ours, other = records('ours-page', 85, None), records('libwebrtc-page', 90, 200)
    assert (missed([ours, other]), worse([ours, other])) == (1, 2)
    assert (missed([records('ours-page', 80, 100)]), worse([ours])) == (0, None)
    rows = goals_table(Results({}, {}, {'links': [ours, other]})).rows
    assert [row.values[1:] for row in rows] == [[1, 'no'], [2, 'no']]


async def test_a_link_is_measured_with_both_kinds_of_ends(tmp_path, monkeypatch):
    if PROGRAM is None:
        pytest.skip('needs chromium (Debian: apt-get install chromium)')
    (free,) = (case for case in CASES if case.name == 'free')
    short = dataclasses.replace(free, seconds=0.5, steps=(Step(0.2, 'rebind sender'),))
    monkeypatch.setattr('benchmark.parts.links.CASES', (short,))
    monkeypatch.setattr('benchmark.links.clip.LENGTH', 5)
    plan = dataclasses.replace(QUICK, links=(), link_ends=('libwebrtc-ours', 'ours-page'))
    ours, libwebrtc = await LINKS.measure(Run(plan, tmp_path))
    assert 'error' not in ours | libwebrtc
    assert (ours['ends'], libwebrtc['ends']) == ('ours-page', 'libwebrtc-ours')
    assert ours['figures']['full size after [s]'] == pytest.approx(0.0)
