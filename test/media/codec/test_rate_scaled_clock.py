"""The clock that changes the bit rate of libvpx."""

import pytest

from webrtc_bridge.media.codec.rate_scaled_clock import LONGEST_STEP, RateScaledClock
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
