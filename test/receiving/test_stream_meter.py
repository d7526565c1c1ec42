import pytest

from webrtc_bridge.receiving.stream_meter import StreamMeter


def steady(meter: StreamMeter, frames: int, start: float = 0.0) -> float:
    """Count `frames` of 1,000 bytes at 20 fps; return when the last one came."""
    for number in range(frames):
        meter.frame('H264', 1000, start + number / 20)
    return start + (frames - 1) / 20


def test_rates_are_those_since_the_last_call() -> None:
    meter = StreamMeter()
    assert meter.rates(0.0) == (0.0, 0.0)
    steady(meter, 40)
    assert meter.rates(2.0) == pytest.approx((20.0, 160_000.0))
    assert meter.rates(3.0) == (0.0, 0.0)


def test_loss_is_that_since_the_last_call() -> None:
    meter = StreamMeter()
    assert meter.loss(90, 10) == pytest.approx(0.1)
    assert meter.loss(190, 10) == 0.0
    assert meter.loss(190, 9) == 0.0  # a late packet was none lost


def test_an_even_stream_has_no_freeze() -> None:
    meter = StreamMeter()
    steady(meter, 100)
    assert meter.freezes == 0


@pytest.mark.parametrize(('wait', 'freezes'), [(0.19, 0), (0.21, 1), (5.0, 1)])
def test_a_long_wait_is_a_freeze(wait: float, freezes: int) -> None:
    meter = StreamMeter()
    last = steady(meter, 40)
    steady(meter, 40, last + wait)
    assert meter.freezes == freezes


def test_latencies_are_those_of_the_newest_pictures() -> None:
    meter = StreamMeter()
    assert meter.latency_ms(0.5) is None
    for latency in range(101):
        meter.picture(640, 480, latency * 1_000_000)
    assert meter.latency_ms(0.5) == 50.0
    assert meter.latency_ms(0.95) == 95.0
    for _ in range(300):
        meter.picture(640, 480, 7_000_000)
    assert meter.latency_ms(0.95) == 7.0
