"""The correction of an encoder that misses its bit rate."""

import pytest

from webrtc_bridge.media.codec.bit_budget import BitBudget


def spent(efficiency: float, seconds: float, *, fps: float = 30.0, bitrate: int = 1_000_000):
    """Return the bits a second of an encoder that spends this part of its rate, and the factor."""
    budget, last = BitBudget(), []
    for _ in range(int(seconds * fps)):
        bits = int(bitrate * budget.factor * efficiency / fps)
        budget.spend(bits, bitrate, fps)
        last.append(bits)
    return sum(last[-int(2 * fps) :]) / 2, budget.factor


@pytest.mark.parametrize('efficiency', [0.75, 0.9, 1.0, 1.2])
@pytest.mark.parametrize('fps', [5.0, 15.0, 60.0])
def test_what_an_encoder_misses_is_made_up_for(efficiency, fps) -> None:
    rate, factor = spent(efficiency, 15.0, fps=fps)
    assert rate == pytest.approx(1_000_000, rel=0.05)
    assert factor == pytest.approx(1 / efficiency, rel=0.05)


def test_bits_that_easy_pictures_leave_over_are_not_saved() -> None:
    assert spent(0.1, 10.0)[1] < 1.05


def test_the_correction_is_bounded() -> None:
    assert spent(0.45, 60.0)[1] == pytest.approx(1.5, abs=0.03)
    assert spent(10.0, 60.0)[1] == pytest.approx(0.5, abs=0.03)


def test_pictures_at_long_intervals_do_not_add_up() -> None:
    budget = BitBudget()
    budget.spend(0, 1_000_000, 0.1)
    assert budget.factor <= 1.125
