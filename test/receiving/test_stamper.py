import logging

import pytest

from webrtc_bridge.receiving.stamper import Stamper

MS, S = 1_000_000, 1_000_000_000
NOW = 1_790_000_000 * S


def test_the_stamp_is_the_time_of_capture() -> None:
    assert Stamper('image', use_capture=True).stamp(NOW, NOW - 20 * MS, 0) == NOW - 20 * MS


def test_it_is_the_time_of_arrival_where_that_is_asked_for() -> None:
    assert Stamper('image', use_capture=False).stamp(NOW, NOW - 20 * MS, 0) == NOW


@pytest.mark.parametrize('capture', [None, NOW + S, NOW - 60 * S, 0, -(10**30)])
def test_a_time_of_capture_that_cannot_be_is_not_believed(capture: int | None) -> None:
    stamper = Stamper('image', use_capture=True)
    assert stamper.stamp(NOW, capture, None) == NOW
    assert stamper.fallbacks == 1


@pytest.mark.parametrize('age', [11 * S, 29 * 24 * 3600 * S])
def test_an_old_picture_keeps_its_time_once_the_clocks_were_compared(age: int) -> None:
    stamper = Stamper('image', use_capture=True)
    assert stamper.stamp(NOW, NOW - age, None) == NOW
    assert Stamper('image', use_capture=True).stamp(NOW, NOW - age, MS) == NOW - age


def test_a_time_of_capture_that_steps_back_to_long_ago_is_not_believed() -> None:
    stamper = Stamper('image', use_capture=True)
    stamper.stamp(NOW, NOW, MS)
    assert stamper.stamp(NOW + S, NOW - 3600 * S, MS) == NOW + S


def test_what_clocks_are_uncertain_by_is_granted() -> None:
    assert Stamper('image', use_capture=True).stamp(NOW, NOW + 50 * MS, 60 * MS) == NOW + 50 * MS


def test_stamps_rise_when_times_of_capture_step_back() -> None:
    stamper = Stamper('image', use_capture=True)
    captures = [NOW, NOW + 33 * MS, NOW - S, NOW - S, NOW + 66 * MS]
    stamps = [stamper.stamp(NOW + 100 * MS, capture, 0) for capture in captures]
    assert all(a < b for a, b in zip([0, *stamps], stamps, strict=False))
    assert stamps[-1] == NOW + 66 * MS


def test_a_large_step_back_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    stamper = Stamper('image', use_capture=True)
    for seconds in (0, 1, -2, -1.9, 1.1, 0.9, -1):
        stamper.stamp(NOW + S, NOW + round(seconds * S), S)
    assert [record.getMessage() for record in caplog.records] == [
        f'image stamps stand still: capture time went back by {t} s' for t in ('3.000', '2.100')
    ]


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    stamper = Stamper('image', use_capture=True)
    with caplog.at_level(logging.INFO):
        for capture in (NOW + 3600 * S, NOW + 3600 * S, NOW, NOW, None, None):
            stamper.stamp(NOW, capture, 0)
    assert len(caplog.records) == 3
    assert '3600.000 s after it' in caplog.records[0].getMessage()


@pytest.mark.parametrize(('late', 'lines'), [(1, 1), (30, 1), (31, 2)])
def test_a_capture_time_that_comes_a_little_late_is_one_line(
    late: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stamper = Stamper('image', use_capture=True)
    for number in range(60):
        arrival = NOW + number * S // 30
        stamper.stamp(arrival, arrival - 20 * MS if number > late else None, MS, 'first')
    texts = [
        'image: stamping with arrival time: the sender reports no capture time',
        'image: stamping with capture time',
    ]
    assert caplog.messages == texts[-lines:]


def test_a_sender_without_capture_times_is_logged_once_a_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    stamper = Stamper('image', use_capture=True)
    for session in (1, 2):
        for number in range(60):
            stamper.stamp(NOW + session * 60 * S + number * S // 30, None, None, session)
    text = 'image: stamping with arrival time: the sender reports no capture time'
    assert caplog.messages == [text] * 2


@pytest.mark.parametrize('bad', [-6 * MS, 11 * S, None], ids=['future', 'too old', 'unknown'])
def test_a_session_whose_clock_is_unknown_is_judged_once(
    bad: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stamper = Stamper('image', use_capture=True)
    delays = [None, 9 * MS, 8 * MS, *[bad, 7 * MS] * 20]
    arrivals = [NOW + 33 * MS * number for number in range(len(delays))]
    stamps = [
        stamper.stamp(arrival, None if delay is None else arrival - delay, None, 1)
        for arrival, delay in zip(arrivals, delays, strict=True)
    ]
    ages = [arrival - stamp for arrival, stamp in zip(arrivals, stamps, strict=True)]
    assert ages == [0, 9 * MS, 8 * MS, *[0] * 40]
    assert len(caplog.records) == 2  # known, and then not any more
    assert stamper.stamp(NOW + 9 * S, NOW + 8 * S, None, 2) == NOW + 8 * S


def test_a_session_is_trusted_again_once_the_clocks_were_compared() -> None:
    stamper = Stamper('image', use_capture=True)
    stamper.stamp(NOW, NOW + S, None)
    assert stamper.stamp(NOW + S, NOW + S - 20 * MS, None) == NOW + S
    assert stamper.stamp(NOW + 2 * S, NOW + 2 * S - 20 * MS, MS) == NOW + 2 * S - 20 * MS


HOUR = 3600 * S


def stamps_and_errors(stamper: Stamper, steps: list[int]) -> list[tuple[int, int]]:
    """Return the stamp of a picture each 33 ms, and its error, by a clock set by `steps`."""
    found = []
    for number, set_by in enumerate(steps):
        taken = NOW + set_by + 33 * MS * number
        # As if the clocks were not compared again: by the offset from before the step.
        stamp = stamper.stamp(taken + 20 * MS, taken - set_by, MS)
        found.append((stamp, stamp - taken))
    return found


@pytest.mark.parametrize('back', [-1.5 * S, -HOUR, -30 * 24 * HOUR])
def test_stamps_follow_a_clock_that_was_set_back(
    back: float, caplog: pytest.LogCaptureFixture
) -> None:
    stamper = Stamper('image', use_capture=True)
    found = stamps_and_errors(stamper, [0] * 10 + [round(back)] * 10)
    assert all(abs(error) <= 20 * MS for _, error in found)
    texts = [record.getMessage() for record in caplog.records]
    assert sum('was set back' in text for text in texts) == 1
    stamps = [stamp for stamp, _ in found]
    assert stamps[:10] == sorted(set(stamps[:10]))
    assert stamps[10:] == sorted(set(stamps[10:]))


def test_stamps_rise_over_a_correction_that_is_small() -> None:
    stamper = Stamper('image', use_capture=False)
    stamps = [stamper.stamp(NOW + offset * MS, None, None) for offset in (0, 33, -300, -267, 66)]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] == NOW + 66 * MS


def test_what_a_sender_claims_holds_up_no_other_one() -> None:
    """S4: a picture of the future, by a clock that seemed uncertain by years."""
    stamper = Stamper('image', use_capture=True)
    stamper.stamp(NOW, NOW + 2 * S, 3 * S, 'liar')
    assert stamper.stamp(NOW + 33 * MS, NOW + 13 * MS, MS, 'honest') < NOW + 40 * MS
    assert stamper.stamp(NOW + 66 * MS, NOW + 46 * MS, MS, 'honest') == NOW + 46 * MS


def test_stamps_rise_from_one_sender_to_another() -> None:
    stamper = Stamper('image', use_capture=True)
    first = stamper.stamp(NOW, NOW - 10 * MS, MS, 'near')
    assert stamper.stamp(NOW + MS, NOW - 200 * MS, MS, 'far') > first
