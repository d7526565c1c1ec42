import pytest

from webrtc_bridge.media.bandwidth.round_trip import (
    LIKELY_SHORTEST,
    SHORTEST_WINDOW,
    RoundTrip,
    measured,
)


def noted(*round_trips):
    """Return a `RoundTrip` with one report a second."""
    round_trip = RoundTrip()
    for second, seconds in enumerate(round_trips):
        round_trip.note(seconds, float(second))
    return round_trip


def test_a_queue_is_what_a_round_trip_has_above_the_shortest():
    assert noted(0.01, 0.31).queue(False) == pytest.approx(0.3)


def test_a_queue_in_two_reports_is_the_shorter_one():
    assert noted(0.01, 0.31, 0.11).queue(False, 2) == pytest.approx(0.1)
    assert noted(0.31).queue(False, 2) == 0.0


def test_while_packets_are_lost_the_shortest_round_trip_may_have_a_queue_too():
    assert noted(1.0, 1.0).queue(False) == 0.0
    assert noted(1.0, 1.0).queue(True) == pytest.approx(1.0 - LIKELY_SHORTEST)


def test_a_longer_path_is_taken_for_the_shortest_in_the_end():
    round_trip = noted(0.01)
    for second in range(1, 2 * int(SHORTEST_WINDOW) + 2):
        round_trip.note(0.3, float(second))
    assert round_trip.queue(False) == 0.0


def test_a_queue_grows_by_the_seconds_that_a_second_adds():
    assert noted(0.1, 0.4).growth == pytest.approx(0.3)
    assert noted(0.4, 0.1).growth == 0.0


def test_a_queue_drains_that_became_shorter_and_is_still_long():
    round_trip = noted(0.01, 2.0)
    round_trip.restart(0.0)
    assert not round_trip.is_known
    assert not round_trip.is_draining
    round_trip.note(1.0, 2.0)
    assert round_trip.is_draining
    round_trip.note(0.1, 3.0)
    assert not round_trip.is_draining


@pytest.mark.parametrize('seconds', [-1.0, 0.0, 3600.0])
def test_a_round_trip_that_cannot_be_tells_nothing(seconds):
    assert measured(seconds) is None


@pytest.mark.parametrize('seconds', [1e-5, 0.2, 5.0])
def test_any_other_is_believed(seconds):
    assert measured(seconds) == seconds


@pytest.mark.parametrize(('after', 'queue'), [(1.0, 0.0), (0.7, 0.7 - LIKELY_SHORTEST)])
def test_a_round_trip_that_a_pause_does_not_shorten_is_that_of_the_path(after, queue):
    round_trip = noted(1.0, 1.0)
    round_trip.restart(0.5)
    assert round_trip.settled(after) == (after == 1.0)
    round_trip.note(after, 4.0)
    assert round_trip.queue(True) == pytest.approx(queue)


@pytest.mark.parametrize('after', [0.9, 1.1])
def test_a_round_trip_that_changed_after_a_pause_says_nothing_about_the_path(after):
    round_trip = noted(1.0, 1.0)
    round_trip.restart(0.5)
    assert not round_trip.settled(after)


def test_a_path_that_became_longer_has_no_queue():
    round_trip = noted(0.1, 1.0)
    round_trip.take_as_path(1.0)
    assert round_trip.queue(False) == 0
