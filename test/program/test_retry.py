from webrtc_bridge.program.retry import FIRST, LONGEST, RetryDelay


def test_delays_double_up_to_the_longest() -> None:
    delay = RetryDelay()
    assert [delay.next() for _ in range(4)] == [FIRST, 2 * FIRST, LONGEST, LONGEST]


def test_after_a_success_the_shortest_comes_first() -> None:
    delay = RetryDelay()
    delay.next()
    delay.next()
    delay.reset()
    assert delay.next() == FIRST
