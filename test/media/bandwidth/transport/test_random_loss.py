from webrtc_bridge.media.bandwidth.transport.random_loss import MOST_ACCEPTED, RandomLoss
from webrtc_bridge.media.rtp.sent_packets import PacketResult


def second(start: float, lost: int, of: int = 100) -> list[PacketResult]:
    return [
        PacketResult(start + place / of, None if place < lost else start, 1000)
        for place in range(of)
    ]


def test_a_window_is_complete_with_enough_time_and_packets() -> None:
    loss = RandomLoss()
    assert not loss.add(second(0, 10)[:40])
    assert loss.add(second(0, 10)[40:])
    assert loss.newest == 0.1


def test_chance_is_not_beyond_what_is_accepted() -> None:
    loss = RandomLoss()
    loss.add(second(0, 10))
    assert loss.beyond > 0.05
    loss.accept(1.0)
    loss.add(second(1, 15))
    assert loss.beyond < 0
    loss.add(second(2, 40))
    assert loss.beyond > 0.2


def test_no_more_is_accepted_than_any_path_loses() -> None:
    loss = RandomLoss()
    loss.add(second(0, 90))
    loss.accept(1.0)
    assert loss.accepted == MOST_ACCEPTED


def test_what_was_sent_before_a_restart_does_not_count() -> None:
    loss = RandomLoss()
    loss.restart(1.0)
    loss.add(second(0, 100))
    assert loss.add(second(1, 0) + second(2, 0))
    assert loss.newest == 0
