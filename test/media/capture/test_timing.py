import itertools

from webrtc_bridge.media.capture.timing import RisingTime

S = 1_000_000_000
MS = 1_000_000
UNIX = 1_700_000_000 * S


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
