import random

import pytest

from webrtc_bridge.media.bandwidth.transport.bursts import Burst
from webrtc_bridge.media.bandwidth.transport.trend import MOST_BURSTS, growing

FRAME = 1 / 30


def bursts(delays: list[float]) -> list[Burst]:
    return [
        Burst(FRAME * index, delay, delay, FRAME * index + delay, 4000)
        for index, delay in enumerate(delays)
    ]


def noise(amplitude: float, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [dice.gauss(0, amplitude) for _ in range(MOST_BURSTS)]


@pytest.mark.parametrize('slope', [0.05, 0.2, 1.0, 9.0])
@pytest.mark.parametrize('clock', [-1000.0, 0.0, 1000.0])
def test_delays_that_grow_are_a_queue(slope: float, clock: float) -> None:
    ramp = [clock + slope * FRAME * index for index in range(MOST_BURSTS)]
    assert growing(bursts([a + b for a, b in zip(ramp, noise(0.001), strict=True)]))


@pytest.mark.parametrize('place', range(1, MOST_BURSTS))
@pytest.mark.parametrize('step', [0.05, 0.15, 1.0])
def test_a_step_is_none(place: int, step: float) -> None:
    delays = [step * (index >= place) + part for index, part in enumerate(noise(0.001))]
    assert not growing(bursts(delays))


@pytest.mark.parametrize('amplitude', [0.0, 0.002, 0.03])
def test_noise_is_none(amplitude: float) -> None:
    grown = [growing(bursts(noise(amplitude, seed))) for seed in range(200)]
    assert sum(map(bool, grown)) <= 1


def test_delays_that_fall_are_none() -> None:
    assert not growing(bursts([1 - 0.01 * index for index in range(MOST_BURSTS)]))


def test_a_queue_that_grows_fast_is_seen_in_few_bursts() -> None:
    delays = [0.0] * (MOST_BURSTS - 6) + [0.3 * index for index in range(6)]
    assert len(growing(bursts(delays))) == 6
    assert not growing(bursts(delays[-5:]))
