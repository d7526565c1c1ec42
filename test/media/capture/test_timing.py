import itertools

import pytest

from webrtc_bridge.media.capture.timing import PlayTime, RisingTime, StreamSpeed

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


def positions(*stamps, interval=0.05):
    play_time = PlayTime(interval)
    return [round(play_time.position(stamp), 6) for stamp in stamps], play_time.jump


def test_a_film_begins_at_once_and_keeps_its_intervals():
    assert positions(95.0, 95.05, 95.25, 95.3) == ([0.0, 0.05, 0.25, 0.3], 0.0)


def test_a_picture_without_or_with_an_old_timestamp_follows_as_any_other():
    assert positions(0.0, None, 0.1, 0.1, 0.2) == ([0.0, 0.05, 0.1, 0.15, 0.2], 0.0)


@pytest.mark.parametrize('jump', [3600.0, -3600.0, 2.0, -2.0, 95443.7])
def test_timestamps_that_jump_are_played_on(jump):
    stamps = [0.0, 0.05, 0.1 + jump, 0.15 + jump, 0.2, 0.25]
    found, first_jump = positions(*stamps)
    assert found == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
    assert first_jump == pytest.approx(jump + 0.05)


def test_a_pause_of_up_to_a_second_is_kept():
    assert positions(0.0, 0.05, 1.04, 1.09) == ([0.0, 0.05, 1.04, 1.09], 0.0)


def test_slides_keep_their_pace():
    assert positions(0.0, 5.0, 10.0, 15.0, interval=5.0)[0] == [0.0, 5.0, 10.0, 15.0]
    # Of an undeclared rate.
    assert positions(0.0, 5.0, 10.0, 15.0, interval=0.04)[0] == [0.0, 0.04, 5.04, 10.04]


def test_a_film_that_starts_over_goes_on_after_its_last_interval():
    play_time = PlayTime(0.04)
    assert [round(play_time.position(stamp), 6) for stamp in (7.0, 7.1)] == [0.0, 0.1]
    play_time.start_over()
    assert [round(play_time.position(stamp), 6) for stamp in (7.0, 7.1)] == [0.2, 0.3]


def judged(arrivals):
    """Return what a stream is taken for after (timestamp, time of arrival), both in seconds."""
    speed = StreamSpeed()
    return next((live for a in arrivals if (live := speed.add(*a)) is not None), None)


@pytest.mark.parametrize('fps', [0.5, 5, 25])
@pytest.mark.parametrize('kept', [0.0, 8.0])
def test_a_stream_that_keeps_time_is_live_though_it_begins_with_what_was_kept(fps, kept):
    burst = [(n / 10, 100.0) for n in range(int(10 * kept))]
    assert judged([*burst, *((kept + n / fps, 100.0 + n / fps) for n in range(100))]) is True


@pytest.mark.parametrize('speed', [2, 10, 1000])
def test_what_comes_faster_than_time_is_a_file(speed):
    assert judged((n / 25, 100.0 + n / 25 / speed) for n in range(1000)) is False


def test_a_live_stream_may_come_in_bursts():
    assert judged((n / 25, 100.0 + n // 5 / 5) for n in range(1000)) is True
