"""The clock that changes the bit rate of libvpx."""

import pytest

from webrtc_bridge.media.codec.encoder_settings import VBV_SECONDS
from webrtc_bridge.media.codec.rate_scaled_clock import (
    LONGEST_STEP,
    PictureShare,
    RateScaledClock,
)
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

FRAME = CLOCK_RATE // 30


def test_the_clock_runs_at_the_given_speed():
    clock = RateScaledClock(30.0)
    assert [clock.pts(n * FRAME, speed) for n, speed in enumerate([1, 1, 0.5, 0.5, 2])] == [
        0,
        FRAME,
        1.5 * FRAME,
        2 * FRAME,
        4 * FRAME,
    ]


def test_fractions_of_a_tick_add_up():
    clock = RateScaledClock(30.0)
    last = [clock.pts(n * FRAME, 1 / 7) for n in range(701)][-1]
    assert last == pytest.approx(100 * FRAME, abs=1)


def test_the_clock_always_advances():
    clock = RateScaledClock(30.0)
    times = [clock.pts(n, 0.01) for n in range(10)]
    assert times == sorted(set(times))


@pytest.mark.parametrize(('fps', 'longest'), [(30.0, LONGEST_STEP), (10.0, 0.2), (2.0, 0.25)])
def test_a_long_silence_counts_for_little(fps, longest):
    clock = RateScaledClock(fps)
    clock.pts(0, 1.0)
    assert clock.pts(60 * CLOCK_RATE, 1.0) == longest * CLOCK_RATE


def keyframe_seconds(share, interval):
    """Return how many seconds of the bit rate libvpx gives a keyframe, which it takes so long."""
    return share.keyframe * share.rate * interval


def test_without_a_clock_a_picture_after_a_pause_has_the_bits_of_the_longest_step():
    share = PictureShare()
    share.note(0.0, 1 / 30, 30.0)
    assert share.note(1 / 30, 1 / 30, 30.0) is False
    assert share.rate == 1
    assert share.note(3.0 + 1 / 30, 1 / 30, 30.0)
    assert share.rate * 3.0 == pytest.approx(LONGEST_STEP)
    assert share.note(3.0 + 2 / 30, 1 / 30, 30.0)
    assert share.rate == 1


@pytest.mark.parametrize(
    ('duration', 'taken'),
    [(1 / 30, 1 / 30), (1.0, 1.0), (60.0, 1 / 30), (None, 1 / CLOCK_RATE)],
)
def test_the_first_keyframe_has_its_part_of_the_bit_rate_whatever_its_duration(duration, taken):
    share = PictureShare()
    share.note(5.0, duration, 30.0)
    assert keyframe_seconds(share, taken) == pytest.approx(VBV_SECONDS)
    share.start_over()
    share.note(5.0, duration, 30.0)
    assert keyframe_seconds(share, taken) == pytest.approx(VBV_SECONDS)


@pytest.mark.parametrize('interval', [1 / 30, 1 / 10, 1.0, 20.0])
def test_any_other_keyframe_has_it_too(interval):
    share = PictureShare()
    for number in range(3):
        share.note(number * interval, 1 / 30, 1 / interval)
    assert keyframe_seconds(share, interval) == pytest.approx(VBV_SECONDS)
