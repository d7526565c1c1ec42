import pytest

from webrtc_bridge.media.bandwidth.transport.growth import CAREFUL, LESS_CAREFUL, PATIENCE, Growth


@pytest.mark.parametrize(
    ('since', 'factor'),
    [(PATIENCE, CAREFUL), (10.0, LESS_CAREFUL), (86_400.0, LESS_CAREFUL)],
    ids=['at first', 'at last', 'after a day without video'],
)
def test_growth_near_the_rate_of_the_last_step_down(since: float, factor: float) -> None:
    growth = Growth()
    growth.stepped_down(1e6, None, 100.0)
    grown = growth.grown(0.9e6, None, 1.0, 100.0 + since, tested=True)
    assert grown == pytest.approx(0.9e6 * factor)
