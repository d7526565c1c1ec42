"""Consent to be sent to (RFC 7675), and paths whose addresses change."""

import asyncio
from types import SimpleNamespace

import aioice
import pytest
from support.links.relayed_pair import RelayedPair
from support.links.udp_relay import Side
from support.peers.session_pair import until

from webrtc_bridge.peer.aiortc.patches import consent
from webrtc_bridge.peer.aiortc.patches.consent import (
    EXPIRY,
    INTERVAL,
    ConsentChecks,
    round_trip,
)
from webrtc_bridge.peer.aiortc.patches.udp_guard import GuardedStunProtocol

ADDRESS = ('192.0.2.1', 9)


class Clock:
    def __init__(self):
        self.now = 0.0

    def time(self):
        return self.now


class Protocol(GuardedStunProtocol):
    """Keeps what is sent."""

    def __init__(self, connection):
        super().__init__(connection)
        self.sent = []

    def send_stun(self, message, addr):
        self.sent.append(message)


class Pair:
    component = 1
    remote_addr = ADDRESS

    def __init__(self, protocol):
        self.protocol = protocol


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture
async def checks(clock, monkeypatch):
    connection = aioice.Connection(ice_controlling=True)
    connection.remote_username, connection.remote_password = 'them', 'secret'
    protocol = Protocol(connection)
    connection._protocols = [protocol]
    connection._nominated = {1: Pair(protocol)}
    monkeypatch.setattr(asyncio, 'get_running_loop', lambda: clock)
    made = ConsentChecks(connection)
    monkeypatch.undo()
    return made


def protocol_of(checks):
    return checks._connection._protocols[0]


def answer(checks, request, password='secret'):
    response = aioice.stun.Message(
        aioice.stun.Method.BINDING, aioice.stun.Class.RESPONSE, request.transaction_id
    )
    response.add_message_integrity(password.encode())
    parsed = aioice.stun.parse_message(bytes(response))
    protocol_of(checks).transactions[request.transaction_id].response_received(parsed, ADDRESS)


async def test_an_answer_may_take_longer_than_the_next_checks(checks, clock):
    """On a path by satellite with a full queue it takes seconds."""
    checks.send_if_due()
    (request,) = protocol_of(checks).sent
    clock.now = 20.0
    checks.send_if_due()
    assert checks.unanswered_for == 20.0
    answer(checks, request)
    assert checks.unanswered_for == 0.0


async def test_the_round_trip_is_the_longest_of_the_newest(checks, clock):
    connection = SimpleNamespace(_connection=checks._connection)
    receiver = SimpleNamespace(transport=SimpleNamespace(transport=connection))
    assert round_trip(receiver) is None
    found = []
    for start, took in ((0.0, 0.5), (10.0, 0.75), (20.0, 0.25), (30.0, 0.5), (40.0, 0.25)):
        clock.now = start
        checks.send_if_due()
        clock.now = start + took
        answer(checks, protocol_of(checks).sent[-1])
        found.append(round_trip(receiver))
    assert found == [0.5, 0.75, 0.75, 0.75, 0.5]


async def test_only_an_answer_with_the_password_of_the_session_counts(checks, clock):
    checks.send_if_due()
    clock.now = 1.0
    answer(checks, protocol_of(checks).sent[0], 'another')
    assert checks.unanswered_for == 1.0


async def test_a_check_is_sent_each_five_seconds_while_the_peer_is_heard(checks, clock):
    for second in range(100):
        clock.now = float(second)
        protocol_of(checks).heard = True
        checks.send_if_due()
    assert 100 / (1.2 * INTERVAL + 1) <= len(protocol_of(checks).sent) <= 100 / (0.8 * INTERVAL)
    assert not any('USE-CANDIDATE' in sent.attributes for sent in protocol_of(checks).sent)


async def test_a_peer_that_is_not_heard_is_asked_at_each_look_and_by_this_path(checks, clock):
    for second in range(3):
        clock.now = float(second)
        checks.send_if_due()
    assert ['USE-CANDIDATE' in sent.attributes for sent in protocol_of(checks).sent] == [True] * 3


async def test_checks_that_nobody_answers_are_forgotten(checks, clock):
    for second in range(100):
        clock.now = float(second)
        checks.send_if_due()
    assert len(protocol_of(checks).transactions) <= EXPIRY
    checks.close()
    assert not protocol_of(checks).transactions


async def test_consent_that_expires_ends_the_connection(connect, monkeypatch):
    monkeypatch.setattr(consent, 'EXPIRY', 0.3)
    monkeypatch.setattr(consent, 'LOOK', 0.1)
    monkeypatch.setattr(ConsentChecks, '_on_answer', lambda checks: None)
    pair = connect()
    assert 'the peer is gone' in ' '.join(await pair.reasons())


@pytest.mark.parametrize('side', list(Side))
async def test_a_session_goes_on_where_a_nat_has_changed_a_port(harness, monkeypatch, side):
    monkeypatch.setattr(consent, 'LOOK', 0.3)
    monkeypatch.setattr(consent, 'INTERVAL', 3600.0)  # a regular check would show the port, later
    pair = RelayedPair(harness.broadcast).start()
    try:
        await pair.received(10)
        pair.relay.change_port(side)
        if side is Side.SENDER:
            ports = pair.relay.ports(side)
            await until(lambda: any(pair.inbound.path().endswith(f':{port}') for port in ports))
        await pair.received(30)
        reported = pair.inbound.reports_age
        await until(lambda: pair.inbound.reports_age < reported)
        assert not any(session.done() for session in pair.running)
    finally:
        await pair.close()
