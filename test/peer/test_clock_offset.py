import pytest

from webrtc_bridge.peer.clock_offset import ClockOffset, Exchange

MS = 1_000_000


def exchange(offset: int, there: int, back: int, asked: int = 10**18) -> Exchange:
    """Return an exchange with a clock `offset` ahead, whose ways take `there` and `back`."""
    received = asked + there + offset
    return Exchange(asked, received, received + MS, asked + there + MS + back)


def test_an_exchange_over_even_ways_has_the_exact_offset() -> None:
    one = exchange(offset=3000 * MS, there=20 * MS, back=20 * MS)
    assert one.offset_ns == 3000 * MS
    assert one.uncertainty_ns == 20 * MS


def test_the_uncertainty_covers_uneven_ways() -> None:
    one = exchange(offset=-700 * MS, there=1 * MS, back=39 * MS)
    assert abs(one.offset_ns + 700 * MS) <= one.uncertainty_ns


def test_without_an_exchange_a_time_is_left_as_it_is() -> None:
    assert ClockOffset().to_ours(123) == 123


def test_clocks_that_may_agree_are_taken_to() -> None:
    offset = ClockOffset()
    offset.add(exchange(offset=MS // 10, there=MS, back=MS))
    assert offset.to_ours(10**18) == 10**18


def test_a_clock_that_is_ahead_is_translated() -> None:
    offset = ClockOffset()
    offset.add(exchange(offset=3000 * MS, there=MS, back=MS))
    assert offset.to_ours(10**18 + 3000 * MS) == 10**18


def test_the_quickest_exchange_counts() -> None:
    offset = ClockOffset()
    offset.add(exchange(offset=3000 * MS, there=90 * MS, back=10 * MS))
    offset.add(exchange(offset=3000 * MS, there=MS, back=MS))
    offset.add(exchange(offset=3000 * MS, there=10 * MS, back=90 * MS))
    assert offset.best is not None
    assert offset.best.uncertainty_ns == MS


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    offset = ClockOffset()
    for _ in range(20):
        offset.add(exchange(offset=0, there=MS, back=MS))
    offset.add(exchange(offset=3_600_000 * MS, there=50 * MS, back=50 * MS))
    assert offset.to_ours(10**18 + 3_600_000 * MS) == 10**18


@pytest.mark.parametrize(
    ('received', 'answered'),
    [(0, -1), (0, 11), (0, 2**100), (2**62, -(2**62))],
)
def test_an_answer_that_cannot_be_tells_nothing(received: int, answered: int) -> None:
    """S4: an uncertainty of years made any time of capture plausible."""
    offset = ClockOffset()
    offset.add(Exchange(1000, received, answered, 1010))
    assert offset.best is None
    offset.add(Exchange(1000, 5003, 5004, 1010))
    assert offset.best is not None
    assert 0 <= offset.best.uncertainty_ns <= 5
