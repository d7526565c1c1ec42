"""The model of a link, and the paths with names, by a clock of the tests' own."""

import itertools

import pytest
from support.links.link_model import LinkModel
from support.links.profiles import CALM, PROFILES, Profile, of_direction

SIZE = 1000


def arrivals(link, times, until=1000.0):
    """Send datagrams of `SIZE` bytes, numbered from 0, at `times`; return (time, number) each."""
    events, came = list(enumerate(times)), []
    while events or link.next_at is not None:
        due = link.next_at
        if events and (due is None or events[0][1] <= due):
            number, now = events.pop(0)
            link.take(now, SIZE, None, number)
        else:
            now = due
        if now > until:
            break
        came += [(now, number) for number in link.due(now)]
    return came


def every(interval, number):
    return [interval * n for n in range(number)]


def test_a_calm_link_passes_all_at_once():
    assert arrivals(LinkModel(), every(0.01, 5)) == list(
        zip(every(0.01, 5), range(5), strict=True)
    )


def test_a_delay_is_exact():
    times = every(0.01, 5)
    came = arrivals(LinkModel(delay=0.3), times)
    assert [at for at, _ in came] == pytest.approx([at + 0.3 for at in times])


def test_a_bottleneck_sends_one_after_the_other():
    link = LinkModel(rate=8 * SIZE * 100, queue=1.0, delay=0.05, served=[])
    came = arrivals(link, [0.0] * 10)
    assert [number for _, number in came] == list(range(10))
    assert [at for at, _ in came] == pytest.approx([0.05 + 0.01 * n for n in range(1, 11)])
    assert [one.waited for one in link.served] == pytest.approx([0.01 * n for n in range(1, 11)])


@pytest.mark.parametrize('bound', [{'queue': 0.05}, {'queue': 9.0, 'queue_bytes': 5 * SIZE}])
def test_what_finds_the_queue_full_is_dropped(bound):
    link = LinkModel(rate=8 * SIZE * 100, **bound)
    # The one that is being sent counts; the bound is passed by the last that finds room.
    assert [number for _, number in arrivals(link, [0.0] * 20)] == list(range(6))
    assert link.lost == 14
    assert len(arrivals(link, [1.0] * 3)) == 3


def test_a_new_rate_applies_to_what_is_in_the_queue():
    link = LinkModel(rate=8 * SIZE * 100, queue=10.0)
    for number in range(4):
        link.take(0.0, SIZE, None, number)
    assert link.due(0.015) == [0]
    link.change(0.015, rate=8 * SIZE * 10)  # half of number 1 is left
    assert link.next_at == pytest.approx(0.065)
    assert link.due(0.0649) == []
    assert link.due(0.0651) == [1]
    assert link.due(0.2651) == [2, 3]


def test_a_link_that_is_unlimited_again_sends_all_that_waits():
    link = LinkModel(rate=8 * SIZE, queue=10.0)
    for number in range(4):
        link.take(0.0, SIZE, None, number)
    link.change(0.5, rate=0.0)
    assert link.due(0.5) == [0, 1, 2, 3]
    assert link.next_at is None


def test_jitter_stays_in_its_bounds_and_keeps_order():
    times = every(0.001, 3000)
    came = arrivals(LinkModel(delay=0.07, jitter=0.06, jitter_interval=0.02), times)
    delays = [at - times[number] for at, number in came]
    assert [number for _, number in came] == list(range(3000))
    assert min(delays) < 0.08
    assert max(delays) > 0.12
    assert 0.07 <= min(delays) <= max(delays) <= 0.13 + 1e-9


def test_jitter_reorders_where_it_may():
    link = LinkModel(jitter=0.06, jitter_interval=0.0, keeps_order=False)
    numbers = [number for _, number in arrivals(link, every(0.001, 300))]
    assert sorted(numbers) == list(range(300)) != numbers


@pytest.mark.parametrize('burst', [1, 4])
def test_loss_has_its_fraction_and_its_length(burst):
    link = LinkModel(loss=0.1, burst=burst)
    came = {number for _, number in arrivals(link, every(0.001, 40_000))}
    assert 3_200 < link.lost < 4_800
    lost = [number not in came for number in range(40_000)]
    runs = [len(list(run)) for is_lost, run in itertools.groupby(lost) if is_lost]
    # Independent losses also come together: 1 / (1 - loss) in a row.
    expected = max(burst, 1 / 0.9)
    assert 0.85 * expected < sum(runs) / len(runs) < 1.15 * expected


def test_both_directions_change_unless_a_name_says_which():
    fields = {'rate': 1e6, 'video.loss': 0.1, 'feedback.loss': 0.2, 'video.delay': 0.3}
    assert of_direction(fields, 'video') == {'rate': 1e6, 'loss': 0.1, 'delay': 0.3}
    assert of_direction(fields, 'feedback') == {'rate': 1e6, 'loss': 0.2}
    for wrong in ('speed', 'came', 'up.rate', 'video.'):
        with pytest.raises(ValueError, match=wrong):
            of_direction({wrong: 1}, 'video')


def test_each_profile_passes_what_it_should():
    for profile in PROFILES.values():
        link = LinkModel(**{**CALM, **profile.fields})
        came = arrivals(link, every(0.02, 2000))
        assert 1 - link.lost / 2000 > 0.9 - link.loss
        assert all(at >= 0.02 * number + link.delay - 1e-9 for at, number in came)


def test_a_timetable_starts_over():
    changes = list(itertools.islice(PROFILES['starlink'].timetable(), 8))
    assert [change.at for change in changes] == pytest.approx(
        [14.85, 15.0, 29.85, 30.0, 44.85, 45.0, 59.85, 60.0]
    )
    assert list(PROFILES['geo'].timetable()) == []
    once = Profile('once', {}, PROFILES['starlink'].changes)
    assert len(list(once.timetable())) == 4
