import pytest

from webrtc_bridge.media.capture.source_clocks import ArrivalClock, DriverClock
from webrtc_bridge.media.wall_clock import Now

S = 1_000_000_000
MS = 1_000_000
UNIX = 1_700_000_000 * S
MONOTONIC = 5_000 * S
NOW = Now(UNIX, MONOTONIC)


def after(ns, clock_step_ns=0):
    """Return the two clocks `ns` after `NOW`, the one of Unix time stepped meanwhile."""
    return Now(UNIX + ns + clock_step_ns, MONOTONIC + ns)


def stamp(clock, pts_ns, now):
    """Return the time that a packet's own picture gets."""
    clock.arrived(pts_ns, now)
    return clock.capture_ns(pts_ns, now)


def test_a_monotonic_stamp_of_the_driver_becomes_unix_time():
    assert stamp(DriverClock(), MONOTONIC - 20 * MS, NOW) == UNIX - 20 * MS


def test_a_unix_stamp_of_the_driver_is_kept():
    assert stamp(DriverClock(), UNIX - 20 * MS, NOW) == UNIX - 20 * MS


def test_a_driver_stamp_that_fits_no_clock_is_ignored():
    for pts_ns in (None, 0, MONOTONIC - 10 * S, MONOTONIC + 10 * S):
        assert stamp(DriverClock(), pts_ns, NOW) == UNIX


def test_a_stamp_slightly_ahead_is_not_in_the_future():
    assert stamp(DriverClock(), MONOTONIC + 5 * MS, NOW) == UNIX


def test_network_jitter_is_kept_out_of_capture_times():
    clock = ArrivalClock()
    for n, delay_ms in enumerate([0, 30, 5, 60, 0, 12] * 100):
        taken = n * 33 * MS
        assert stamp(clock, taken, after(taken + delay_ms * MS)) == UNIX + taken


def test_each_picture_of_a_stream_with_b_frames_has_its_own_time():
    # In the order of decoding, at 25 fps; a decoder gives the picture before each anchor with it.
    clock = ArrivalClock()
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    arrivals = [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    for pts, arrival in zip(order, arrivals, strict=True):
        clock.arrived(pts * 40 * MS, after(arrival * 40 * MS))
    times = [clock.capture_ns(n * 40 * MS, after(11 * 40 * MS)) for n in range(10)]
    assert times == [UNIX + n * 40 * MS for n in range(10)]


def test_a_stream_whose_clock_jumps_is_timed_by_its_arrival_again():
    clock = ArrivalClock()
    stamp(clock, 0, NOW)
    assert stamp(clock, 3600 * S, after(40 * MS)) == UNIX + 40 * MS
    assert stamp(clock, 0, after(80 * MS)) == UNIX + 80 * MS


def test_a_packet_without_a_stamp_is_timed_by_its_arrival():
    assert stamp(ArrivalClock(), None, NOW) == UNIX


def test_the_same_stamp_forever_is_not_a_time():
    clock = ArrivalClock()
    for n in range(200):
        assert abs(stamp(clock, 0, after(n * 50 * MS)) - (UNIX + n * 50 * MS)) <= 50 * MS


@pytest.mark.parametrize('rate', [8, 19.5, 24.5, 40])
def test_pictures_counted_at_a_wrong_rate_are_timed_by_their_arrival(rate):
    clock = ArrivalClock()
    errors = []
    for n in range(int(20 * rate)):
        elapsed = round(n / rate * S)
        errors.append(UNIX + elapsed - stamp(clock, n * 40 * MS, after(elapsed)))
    # Four windows of half a second show it, unless it is as little as 2 %.
    later = errors[int(2.1 * rate) + 1 :]
    assert all(0 <= error <= (150 * MS if rate == 24.5 else 0) for error in later)


def test_delay_that_varies_does_not_make_the_time_of_arrival_the_capture_time():
    # A loaded computer: up to 400 ms of delay for half a second at a time, twice in a row.
    clock = ArrivalClock()
    delays_ms = [0, 250, 400, 10, 120, 300, 0, 90]
    for n in range(400):
        taken = n * 50 * MS
        delay = delays_ms[n // 10 % len(delays_ms)] * MS
        assert stamp(clock, taken, after(taken + delay)) == UNIX + taken


@pytest.mark.parametrize('rate', [8, 20, 40])
def test_stamps_that_ffmpeg_made_up_are_never_believed(rate):
    clock = ArrivalClock(stamped=False)
    for n in range(100):
        elapsed = round(n / rate * S)
        assert stamp(clock, n * 40 * MS, after(elapsed)) == UNIX + elapsed


@pytest.mark.parametrize('step', [-3600 * S, -300 * MS, 1500 * MS, 3600 * S])
def test_a_step_of_the_wall_clock_is_followed_at_once(step):
    clock = ArrivalClock()
    stamp(clock, 7 * S, NOW)
    stamp(clock, 7 * S + 40 * MS, after(40 * MS))
    assert stamp(clock, 7 * S + 80 * MS, after(90 * MS, step)) == UNIX + 80 * MS + step


def test_a_clock_that_falls_into_step_is_believed_again():
    clock = ArrivalClock()
    for n in range(100):
        stamp(clock, n * 40 * MS, after(n * 50 * MS))
    delays = [0, 30, 5, 60, 0, 12]
    for n in range(600):
        taken = 5 * S + n * 40 * MS
        delay = delays[n % 6] * MS
        got = stamp(clock, 4 * S + n * 40 * MS, after(taken + delay))
    assert got == UNIX + taken
