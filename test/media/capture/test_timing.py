import itertools

from webrtc_bridge.media.capture.timing import ArrivalClock, RisingTime, from_driver

S = 1_000_000_000
MS = 1_000_000
UNIX = 1_700_000_000 * S
MONOTONIC = 5_000 * S


def test_a_monotonic_stamp_of_the_driver_becomes_unix_time():
    assert from_driver(MONOTONIC - 20 * MS, UNIX, MONOTONIC) == UNIX - 20 * MS


def test_a_unix_stamp_of_the_driver_is_kept():
    assert from_driver(UNIX - 20 * MS, UNIX, MONOTONIC) == UNIX - 20 * MS


def test_a_driver_stamp_that_fits_no_clock_is_ignored():
    for stamp in (None, 0, MONOTONIC - 10 * S, MONOTONIC + 10 * S):
        assert from_driver(stamp, UNIX, MONOTONIC) == UNIX


def test_a_stamp_slightly_ahead_is_not_in_the_future():
    assert from_driver(MONOTONIC + 5 * MS, UNIX, MONOTONIC) == UNIX


def test_network_jitter_is_kept_out_of_capture_times():
    clock = ArrivalClock()
    delays = [0, 30, 5, 60, 0, 12]
    times = [
        clock.capture_ns(n * 33 * MS, UNIX + n * 33 * MS + delay * MS)
        for n, delay in enumerate(delays)
    ]
    for n, capture_ns in enumerate(times):
        assert abs(capture_ns - (UNIX + n * 33 * MS)) < MS


def test_a_stream_whose_clock_jumps_is_timed_by_its_arrival_again():
    clock = ArrivalClock()
    clock.capture_ns(0, UNIX)
    assert clock.capture_ns(3600 * S, UNIX + 40 * MS) == UNIX + 40 * MS
    assert clock.capture_ns(0, UNIX + 80 * MS) == UNIX + 80 * MS


def test_a_packet_without_a_stamp_is_timed_by_its_arrival():
    assert ArrivalClock().capture_ns(None, UNIX) == UNIX


def test_times_that_rise_are_not_touched():
    rising = RisingTime()
    assert [rising.after(UNIX + n, n) for n in range(3)] == [UNIX, UNIX + 1, UNIX + 2]


def test_a_clock_set_back_a_little_keeps_times_rising_until_it_has_caught_up():
    rising = RisingTime()
    rising.after(UNIX, 0)
    frames = 300
    times = [rising.after(UNIX - 400 * MS + n * 33 * MS, n * 33 * MS) for n in range(1, frames)]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert times[1] - times[0] == 33 * MS // 2
    assert times[-1] == UNIX - 400 * MS + (frames - 1) * 33 * MS


def test_a_clock_set_back_by_hours_is_followed_at_once():
    rising = RisingTime()
    rising.after(UNIX, 0)
    assert rising.after(UNIX - 7200 * S, 33 * MS) == UNIX - 7200 * S


def test_two_pictures_of_the_same_moment_get_different_times():
    rising = RisingTime()
    assert rising.after(UNIX, 0) == UNIX
    assert rising.after(UNIX, 0) == UNIX + 1
