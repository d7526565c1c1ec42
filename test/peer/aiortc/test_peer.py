import asyncio
import logging
import re

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from support.peers.fake_peers import ObservingListener
from support.peers.session_pair import DEADLINE, until

from webrtc_bridge.errors import SessionError
from webrtc_bridge.peer.aiortc import peer as peer_module
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions, parsed_candidate
from webrtc_bridge.peer.negotiation import MOST_CANDIDATES
from webrtc_bridge.peer.session import NO_ENCRYPTION
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

CANDIDATE = 'candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host'

NO_SERVERS = IceOptions()


class ObservedPeer(AiortcPeer):
    """Notes when it is connected and why it was lost."""

    def __init__(self, ice=NO_SERVERS):
        listener = ObservingListener()
        self.connected, self.lost = listener.connected, listener.lost
        super().__init__('front', ice, listener)


@pytest.fixture
async def peers(nothing_left):
    peers = [ObservedPeer(), ObservedPeer()]
    yield peers
    for peer in peers:
        await peer.close()


async def connect(first, second):
    first.connection.createDataChannel('x')
    await second.apply('offer', await first.offer())
    await first.apply('answer', await second.answer())
    await asyncio.wait_for(asyncio.gather(first.connected.wait(), second.connected.wait()), 10.0)


async def test_two_peers_connect(peers):
    await connect(*peers)
    assert [peer.lost for peer in peers] == [[], []]


async def test_a_description_holds_its_candidates(peers):
    peers[0].connection.createDataChannel('x')
    sdp = await peers[0].offer()
    assert 'a=candidate' in sdp
    assert 'a=end-of-candidates' in sdp


async def test_a_peer_that_closes_is_lost_to_the_other(peers):
    await connect(*peers)
    await peers[0].close()
    await until(lambda: peers[1].lost)
    assert set(peers[1].lost) == {'the peer is gone'}
    assert peers[0].lost == []  # who closes knows already


async def test_a_failed_handshake_is_named_as_one(peers):
    """The path was found: looking at firewalls would not help."""
    first, second = peers
    first.connection.createDataChannel('x')
    await second.apply('offer', await first.offer())
    answer = await second.answer()
    await first.apply('answer', re.sub('(sha-...) ..:', r'\1 00:', answer))
    await until(lambda: first.lost)
    assert first.lost[0] == NO_ENCRYPTION
    assert 'DTLS' in NO_ENCRYPTION


async def test_closing_twice_is_closing_once(peers):
    await connect(*peers)
    await peers[0].close()
    await peers[0].close()
    assert peers[0].connection.connectionState == 'closed'


async def test_closing_a_connection_that_hangs_is_given_up(peers, monkeypatch, caplog):
    monkeypatch.setattr(peer_module, 'CLOSE_TIMEOUT', 0.05)
    close = peers[0].connection.close

    async def hang():
        await asyncio.Event().wait()

    peers[0].connection.close = hang
    await asyncio.wait_for(peers[0].close(), DEADLINE)
    assert 'front: connection not closed' in caplog.text
    peers[0].connection.close = close


async def test_closing_that_fails_is_one_line(peers, caplog):
    close = peers[0].connection.close

    async def fail():
        raise KeyError('mid')

    peers[0].connection.close = fail
    await peers[0].close()
    assert "front: closing failed: KeyError('mid')" in caplog.text
    peers[0].connection.close = close


async def test_a_broken_description_is_a_session_error(peers):
    with pytest.raises(SessionError) as error:
        await peers[0].apply('offer', 'm=video nonsense')
    assert error.value.peer_id == 'front'
    assert error.value.reason.startswith('bad offer: ')
    assert '\n' not in str(error.value)


async def test_an_answer_that_was_not_asked_for_is_a_session_error(peers):
    peers[1].connection.createDataChannel('x')
    with pytest.raises(SessionError, match='bad answer'):
        await peers[0].apply('answer', await peers[1].offer())


async def test_an_answer_without_an_offer_is_a_session_error(peers):
    with pytest.raises(SessionError, match='no description'):
        await peers[0].answer()


async def test_a_second_description_is_left_out(peers):
    first, second = peers
    first.connection.createDataChannel('x')
    await second.apply('offer', await first.offer())
    await second.apply('offer', 'nonsense')
    assert second.connection.remoteDescription.type == 'offer'


@pytest.mark.parametrize(
    'candidate',
    [
        IceCandidate('candidate:nonsense', '0', 0),
        IceCandidate(CANDIDATE),
        IceCandidate(CANDIDATE.replace('50000', 'x'), '0'),
    ],
    ids=['nonsense', 'without mid', 'bad port'],
)
async def test_a_candidate_that_cannot_be_used_is_left_out(peers, caplog, candidate):
    first, second = peers
    first.connection.createDataChannel('x')
    await second.apply('offer', await first.offer())
    with caplog.at_level(logging.INFO):
        await second.candidate(candidate)
    assert 'front: candidate ignored' in caplog.text
    await first.apply('answer', await second.answer())
    await asyncio.wait_for(second.connected.wait(), DEADLINE)


async def test_early_candidates_are_applied_with_the_description(peers, caplog):
    first, second = peers
    first.connection.createDataChannel('x')
    offer = await first.offer()
    lines = offer.split('\r\n')
    for line in lines:
        if line.startswith('a=candidate'):
            await second.candidate(IceCandidate(line[2:], '0', 0))
    await second.candidate(None)
    await second.apply('offer', '\r\n'.join(line for line in lines if 'candidate' not in line))
    await first.apply('answer', await second.answer())
    await asyncio.wait_for(second.connected.wait(), DEADLINE)
    assert 'ignored' not in caplog.text


async def test_candidates_beyond_the_bound_are_not_parsed(peers, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(MOST_CANDIDATES + 50):
        await peers[1].candidate(IceCandidate('candidate:nonsense', '0'))
    peers[0].connection.createDataChannel('x')
    await peers[1].apply('offer', await peers[0].offer())
    assert caplog.text.count('ignored') == MOST_CANDIDATES


@pytest.mark.parametrize('candidate', [None, IceCandidate('')])
def test_the_end_of_candidates_has_two_spellings(candidate):
    assert parsed_candidate(candidate) is None


@pytest.mark.parametrize('prefix', ['candidate:', ''])
def test_a_candidate_is_parsed_with_and_without_its_prefix(prefix):
    text = prefix + CANDIDATE.removeprefix('candidate:')
    parsed = parsed_candidate(IceCandidate(text, 'v', 2))
    assert (parsed.ip, parsed.port, parsed.type) == ('127.0.0.1', 50000, 'host')
    assert (parsed.sdpMid, parsed.sdpMLineIndex) == ('v', 2)


async def test_no_server_is_asked_unless_configured(peers):
    configuration = peers[0].connection._RTCPeerConnection__configuration
    assert isinstance(configuration, RTCConfiguration)
    assert configuration.iceServers == []


async def test_relay_alone_without_a_relay_is_a_session_error(nothing_left):
    peer = ObservedPeer(IceOptions(policy='relay'))
    peer.connection.createDataChannel('x')
    try:
        with pytest.raises(SessionError, match='no TURN server relays'):
            await peer.offer()
    finally:
        await peer.close()


@pytest.mark.parametrize(
    'url', ['nonsense', 'stun:host:port', 'http://host', 'stuns:host', 'turns:host?transport=udp']
)
async def test_a_server_that_cannot_be_used_is_left_out(nothing_left, url):
    good = IceServer(('turn:host:3478',), 'u', 'p')
    peer = ObservedPeer(IceOptions(servers=(IceServer((url,)), good)))
    try:
        servers = peer.connection._RTCPeerConnection__configuration.iceServers
        usable = [server for server in servers if server.urls]
        assert [(s.urls, s.username, s.credential) for s in usable] == [
            ('turn:host:3478', 'u', 'p')
        ]
        peer.connection.createDataChannel('x')
    finally:
        await peer.close()


async def test_a_connection_closed_by_itself_leaves_nothing(nothing_left):
    # The measure of `nothing_left`: it sees what stays open.
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel('x')
    await connection.setLocalDescription(await connection.createOffer())
    await connection.close()
