import pytest

from webrtc_bridge.media.bandwidth.transport.bursts import Bursts
from webrtc_bridge.media.rtp.sent_packets import PacketResult


def frame(sent: float, arrivals: list[float | None], size: int = 1000) -> list[PacketResult]:
    return [PacketResult(sent, arrived, size) for arrived in arrivals]


def test_a_burst_has_the_shortest_and_the_last_delay_of_its_packets() -> None:
    bursts = Bursts()
    bursts.add(frame(1.0, [6.05, None, 6.02, 6.07]))
    burst = bursts.newest
    assert burst is not None
    assert (burst.sent, burst.arrived, burst.size) == (1.0, 6.07, 3000)
    assert (burst.delay, burst.late) == pytest.approx((5.02, 5.07))


def test_what_was_lost_or_is_older_changes_nothing() -> None:
    bursts = Bursts()
    bursts.add(frame(1.0, [1.1]))
    bursts.add(frame(0.5, [1.2]) + frame(1.5, [None]))
    assert bursts.newest is not None
    assert (bursts.newest.sent, bursts.newest.size) == (1.0, 1000)


def test_packets_of_a_burst_show_the_capacity_of_the_link_however_little_is_sent() -> None:
    bursts = Bursts()
    for time in (0.0, 0.25, 0.5, 0.75, 1.0):
        bursts.add(frame(time, [time + 0.002 * place for place in range(4)]))
    assert bursts.capacity() == pytest.approx(1000 * 8 / 0.002)
    assert bursts.throughput(3.0) == pytest.approx(16 * 8000, rel=0.01)
    assert bursts.offered(3.0) == pytest.approx(16 * 8000, rel=0.01)


def test_a_break_of_a_busy_receiver_is_not_a_narrow_link() -> None:
    bursts = Bursts()
    for time in range(8):
        taken_at = 0.1 * time + 0.05 * (time in (2, 5))
        bursts.add(frame(0.1 * time, [taken_at + 0.001 * place for place in range(6)]))
    assert bursts.capacity() == pytest.approx(8e6)
    bursts.add(frame(1.0, [1.0 + 0.001 * place + 0.5 * (place >= 6) for place in range(16)]))
    assert bursts.newest_rate() == pytest.approx(8e6)


def test_two_packets_show_no_capacity() -> None:
    bursts = Bursts()
    assert bursts.capacity() is bursts.throughput(1.0) is bursts.newest_rate() is None
    bursts.add(frame(0.0, [0.1, 0.2]))
    assert bursts.capacity() is bursts.newest_rate() is None
