from webrtc_bridge.signaling.backoff import Backoff


def test_delays_grow_to_three_seconds_and_begin_again() -> None:
    backoff = Backoff(spread=lambda: 0.0)
    assert [backoff.next_delay() for _ in range(7)] == [0.0, 0.3, 1.0, 2.0, 3.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next_delay() == 0.0


def test_delays_are_cut_by_at_most_half() -> None:
    backoff = Backoff(spread=lambda: 1.0)
    assert [backoff.next_delay() for _ in range(5)] == [0.0, 0.15, 0.5, 1.0, 1.5]
