"""Datagrams that nobody asked for, from real sockets, at sessions that run or come about."""

import asyncio
import re
import socket

import aioice
import pytest
from support.fuzzing.in_memory import UdpSocket
from support.peers.hostile_datagrams import HOSTILE, send_hostile
from support.peers.session_pair import SessionPair, until

from webrtc_bridge.peer.aiortc.patches.udp_guard import (
    MOST_REMOTE,
    GuardedStunProtocol,
    dropped_datagrams,
)
from webrtc_bridge.peer.session import SessionState
from webrtc_bridge.signaling.protocol.messages import Answer, Offer

FRAMES = 10


@pytest.fixture
def stranger():
    """Return a function that sends all that is hostile to a port, from one that nobody knows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unknown:
        unknown.bind(('127.0.0.1', 0))

        yield lambda port: send_hostile(unknown, ('127.0.0.1', port))


@pytest.fixture
def callback_errors():
    """Return the errors of callbacks that the event loop was given; there must be none."""
    errors = []
    asyncio.get_event_loop().set_exception_handler(lambda _, context: errors.append(context))
    yield errors
    assert errors == []


class Postman(SessionPair):
    """Holds each description until it is let through, changed by `edit`."""

    def __init__(self, broadcast, edit=lambda sdp: sdp):
        super().__init__(broadcast)
        self.offered, self.answered = asyncio.Event(), asyncio.Event()
        self._edit = edit

    def to_inbound(self, message):
        if isinstance(message, Offer) and not self.offered.is_set():
            self.offer = message
            self.offered.set()
        else:
            super().to_inbound(message)

    def to_outbound(self, message):
        if isinstance(message, Answer) and not self.answered.is_set():
            self.answer = Answer(message.peer_id, message.session_id, self._edit(message.sdp))
            self.answered.set()
        else:
            super().to_outbound(message)


@pytest.fixture
async def postman(harness):
    pairs = []

    def started(*arguments):
        pairs.append(Postman(harness.broadcast, *arguments).start())
        return pairs[-1]

    yield started
    for pair in pairs:
        await pair.close()


def ports(sdp):
    """Return the ports of the candidates, which are all on loopback."""
    return {int(port) for port in re.findall(r'a=candidate:.* 127\.0\.0\.1 (\d+) typ', sdp)}


def ports_in_use(pair):
    """Return the ports of the pair's two ends."""
    return {int(port) for port in re.findall(r':(\d+)', pair.inbound.path())}


def dropped(session):
    return dropped_datagrams(session._peer.connection)


def both_dropped(pair, count):
    return all(dropped(session) >= count for session in (pair.inbound, pair.outbound))


async def test_a_peer_may_have_only_so_many_addresses():
    """Each got checks of ours, though the peer may not even have it."""
    ice = aioice.Connection(ice_controlling=True)
    ice._early_checks_done = True
    ice.remote_username, ice.remote_password = 'theirs', 'a password of theirs'
    protocol = GuardedStunProtocol(ice)
    protocol.connection_made(UdpSocket())
    protocol.local_candidate = aioice.Candidate('1', 1, 'udp', 1, '192.0.2.1', 9, 'host')
    check = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    check.attributes['USERNAME'] = f'{ice.local_username}:theirs'
    check.attributes['PRIORITY'] = 1
    check.add_message_integrity(ice.local_password.encode())
    for port in range(1000, 3000):
        protocol.datagram_received(bytes(check), ('203.0.113.1', port))
    protocol.datagram_received(bytes(check), ('203.0.113.1', 1000))
    assert [one.port for one in ice._remote_candidates] == list(range(1000, 1000 + MOST_REMOTE))
    assert protocol.dropped == 2000 - MOST_REMOTE
    ice._protocols = []
    await ice.close()


async def test_a_stranger_does_not_end_a_session(connect, stranger, callback_errors, caplog):
    caplog.set_level('INFO')
    pair = connect()
    await pair.received(FRAMES)
    for port in ports_in_use(pair):
        stranger(port)
    await until(lambda: both_dropped(pair, 10))
    await pair.received(FRAMES)
    assert pair.inbound.state is pair.outbound.state is SessionState.CONNECTED
    await pair.close()
    lines = [text for text in caplog.messages if 'UDP datagrams' in text]
    assert sorted(text.partition(':')[0] for text in lines) == ['front', 'viewer']


async def test_a_stranger_who_is_first_disturbs_neither_end(postman, stranger, callback_errors):
    pair = postman()
    await pair.offered.wait()
    for port in ports(pair.offer.sdp):
        stranger(port)
    pair.to_inbound(pair.offer)
    await pair.answered.wait()
    for port in ports(pair.offer.sdp) | ports(pair.answer.sdp):
        stranger(port)
    await until(lambda: both_dropped(pair, 10))
    pair.to_outbound(pair.answer)
    await pair.received(FRAMES)


async def test_a_peer_that_told_no_address_is_known_by_its_password(
    postman, stranger, callback_errors
):
    pair = postman(lambda sdp: re.sub(r'a=(candidate:.*|end-of-candidates)\r\n', '', sdp))
    await pair.offered.wait()
    pair.to_inbound(pair.offer)
    await pair.answered.wait()
    assert ports(pair.answer.sdp) == set()
    pair.to_outbound(pair.answer)
    await pair.received(FRAMES)
    for port in ports_in_use(pair):
        stranger(port)
    await until(lambda: both_dropped(pair, 10))
    await pair.received(FRAMES)


async def test_nonsense_from_the_peers_own_address_ends_nothing(connect, callback_errors):
    pair = connect()
    await pair.received(FRAMES)
    for session in (pair.inbound, pair.outbound):
        for transceiver in session._peer.connection.getTransceivers():
            ice = transceiver.receiver.transport.transport._connection
            (path,) = ice._nominated.values()
            for datagram in HOSTILE[:-1]:  # the last would be from the peer: a new handshake
                path.protocol.transport.sendto(datagram, path.remote_addr)
    await until(lambda: both_dropped(pair, 5))
    await pair.received(FRAMES)
    assert pair.inbound.state is pair.outbound.state is SessionState.CONNECTED
