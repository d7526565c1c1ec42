import itertools
import random

from webrtc_bridge.signaling.client.backoff import SCATTER, Backoff


def test_delays_grow_to_two_and_a_half_seconds() -> None:
    backoff = Backoff(spread=lambda: 0.0)
    assert [backoff.next_delay() for _ in range(6)] == [0.0, 0.3, 1.0, 2.0, 2.5, 2.5]


def test_delays_are_cut_by_at_most_half() -> None:
    backoff = Backoff(spread=lambda: 1.0)
    assert [backoff.next_delay() for _ in range(5)] == [0.0, 0.15, 0.5, 1.0, 1.25]


def test_after_a_loss_the_first_attempt_is_soon_but_not_everybodys_at_once() -> None:
    backoff = Backoff(spread=lambda: 1.0)
    for _ in range(3):
        backoff.next_delay()
    backoff.reset()
    assert [backoff.next_delay() for _ in range(2)] == [SCATTER, 0.15]


def test_a_thousand_clients_of_a_server_that_is_gone_do_not_come_all_at_once() -> None:
    chance = random.Random(1)
    attempts = []
    for _ in range(1000):
        backoff = Backoff(chance.random)
        backoff.reset()
        attempts += itertools.accumulate(backoff.next_delay() for _ in range(12))
    tenths = [sum(n <= 10 * at < n + 1 for at in attempts) for n in range(100)]
    assert max(tenths[:10]) < 450  # in which each tries two or three times
    assert max(tenths[10:]) < 200
    assert max(tenths[50:]) < 90  # 50 on average
