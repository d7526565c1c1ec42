from webrtc_bridge.signaling.broker.limits import TokenBucket


def test_the_burst_is_allowed_at_once_and_no_more() -> None:
    bucket = TokenBucket(rate=2.0, burst=5.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(6)] == [True] * 5 + [False]


def test_the_rate_is_allowed_for_ever() -> None:
    bucket = TokenBucket(rate=2.0, burst=1.0, now=0.0)
    assert all(bucket.take(0.5 * step) for step in range(1000))


def test_a_long_silence_saves_no_more_than_the_burst() -> None:
    bucket = TokenBucket(rate=2.0, burst=3.0, now=0.0)
    assert [bucket.take(1000.0) for _ in range(4)] == [True] * 3 + [False]


def test_refused_events_cost_nothing() -> None:
    bucket = TokenBucket(rate=1.0, burst=1.0, now=0.0)
    bucket.take(0.0)
    assert not any(bucket.take(0.5) for _ in range(100))
    assert bucket.take(1.0)
