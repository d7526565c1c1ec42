from webrtc_bridge.media.bandwidth.unused_limit import (
    FIRST_PATIENCE,
    LONGEST_PATIENCE,
    TRIAL,
    UnusedLimit,
)


def test_a_limit_is_forgotten_when_unused_for_long() -> None:
    limit = UnusedLimit()
    limit.begin(0.0)
    limit.use(5.0)
    assert not limit.forget_if_unused(FIRST_PATIENCE + 4.9)
    assert limit.forget_if_unused(FIRST_PATIENCE + 5.0)


def test_patience_doubles_while_limits_come_back_and_begins_anew_after_a_trial() -> None:
    limit, now, patience = UnusedLimit(), 0.0, FIRST_PATIENCE
    for _ in range(6):
        limit.begin(now)
        assert not limit.forget_if_unused(now + patience - 0.1)
        now += patience
        assert limit.forget_if_unused(now)
        now += TRIAL - 1
        patience = min(2 * patience, LONGEST_PATIENCE)
    now += TRIAL
    limit.begin(now)
    assert limit.forget_if_unused(now + FIRST_PATIENCE)
