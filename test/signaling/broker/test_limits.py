from webrtc_bridge.signaling.broker.clients import Clients
from webrtc_bridge.signaling.broker.limits import Limits, TokenBucket
from webrtc_bridge.signaling.broker.rights import Rights


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


def test_long_messages_are_charged_by_their_bytes() -> None:
    clients = Clients(Limits(message_rate=200.0, message_burst=1000.0))
    clients.add('s', 0.0, Rights(), 1e9, '')
    client = clients['s']
    sent = sum(client.may_send(at / 100, 65_000) for at in range(1000))  # 100 a second, 10 s
    kib = sent * 65_000 / 1024
    assert 1000 + 200 * 9 < kib < 1000 + 200 * 10 + 128


def test_a_message_above_the_burst_is_allowed_once_and_leaves_a_debt() -> None:
    clients = Clients(Limits(message_rate=1.0, message_burst=5.0))
    clients.add('s', 0.0, Rights(), 1e9, '')
    client = clients['s']
    assert client.may_send(0.0, 10_000)
    assert not client.may_send(4.0, 10)
    assert client.may_send(7.0, 10)
