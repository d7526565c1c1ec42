import pytest

from webrtc_bridge.media.wall_clock import Now, WallClockSteps

S = 1_000_000_000


@pytest.mark.parametrize('step', [-30 * 86400 * S, -S, S // 10, 3600 * S])
def test_a_clock_that_was_set_is_noticed_once(step: int) -> None:
    steps = WallClockSteps()
    times = [Now(5 * S, S), Now(6 * S, 2 * S), Now(9 * S + step, 5 * S), Now(10 * S + step, 6 * S)]
    assert [steps.noticed(now) for now in times] == [False, False, True, False]


def test_a_clock_that_is_slewed_was_not_set() -> None:
    """By 500 ppm, as NTP does, and frames are 10 s apart."""
    steps = WallClockSteps()
    assert not any(steps.noticed(Now(n * (10 * S + 5_000_000), n * 10 * S)) for n in range(10))
