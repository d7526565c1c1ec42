"""The measured rate of pictures."""

import itertools

import pytest

from webrtc_bridge.media.codec.frame_rate import FrameRate


def shown(rate: FrameRate, intervals, start: float = 0.0) -> list[float]:
    """Return the rate after each picture."""
    rate.note(start)
    values = []
    for time in itertools.accumulate(intervals, initial=start):
        rate.note(time)
        values.append(rate.value)
    return values[1:]


@pytest.mark.parametrize('fps', [1.0, 5.0, 15.0, 29.97, 60.0, 240.0])
def test_the_rate_is_known_after_three_pictures_whatever_was_expected(fps) -> None:
    assert shown(FrameRate(30.0), [1 / fps] * 4)[2:] == pytest.approx([fps] * 2, rel=0.03)


def test_a_change_is_followed_within_three_pictures() -> None:
    rates = shown(FrameRate(30.0), [1 / 30] * 30 + [1 / 5] * 10 + [1 / 60] * 60)
    assert rates[29] == pytest.approx(30)
    assert rates[33:40] == pytest.approx([5] * 7)
    assert rates[42:] == pytest.approx([60] * 58)


def test_a_steady_rate_is_not_reported_again() -> None:
    rate = FrameRate(30.0)
    times = itertools.accumulate([0.0333, 0.0334, 0.031, 0.0356] * 30)
    assert not any(rate.note(time) for time in times)


def test_pictures_that_are_left_out_count() -> None:
    assert shown(FrameRate(30.0), [1 / 30, 1 / 30, 2 / 30] * 30)[-1] == pytest.approx(
        22.5, rel=0.03
    )


@pytest.mark.parametrize('pause', [0.5, 5.0, 3600.0])
def test_a_pause_is_not_a_low_rate(pause) -> None:
    assert min(shown(FrameRate(30.0), [1 / 30] * 30 + [pause] + [1 / 30] * 30)) > 28


def test_a_clock_that_is_set_back_and_a_picture_that_is_shown_again_tell_nothing() -> None:
    assert shown(FrameRate(30.0), [1 / 30, 0.0, -100.0] * 10 + [1 / 30] * 5) == [30.0] * 35
