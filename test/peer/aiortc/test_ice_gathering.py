"""STUN and TURN servers that work, that don't, and that never answer."""

import asyncio
import logging
import socket
import time
from contextlib import contextmanager

import pytest
from aioice import stun
from support.peers.fake_peers import ObservingListener
from support.peers.session_pair import DEADLINE, until

from webrtc_bridge.peer.aiortc import ice_gathering
from webrtc_bridge.peer.aiortc.ice_gathering import IceServerLog
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.aiortc.server_race import ANSWER_TIMEOUT
from webrtc_bridge.signaling.protocol.messages import IceServer

LOGIN = {'username': 'u', 'credential': 'secret'}


@pytest.fixture(autouse=True)
def _nothing_said_before(monkeypatch):
    monkeypatch.setattr(ice_gathering, 'ICE_SERVER_LOG', IceServerLog())


@contextmanager
def silent_server(kind=socket.SOCK_DGRAM):
    """Yield the port of a server that takes what comes and never answers."""
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(('127.0.0.1', 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        yield server.getsockname()[1]


class StunServer(asyncio.DatagramProtocol):
    """Answers binding requests."""

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        request = stun.parse_message(data)
        response = stun.Message(
            request.message_method, stun.Class.RESPONSE, transaction_id=request.transaction_id
        )
        response.attributes['XOR-MAPPED-ADDRESS'] = ('203.0.113.7', 4242)
        self._transport.sendto(bytes(response), addr)


@pytest.fixture
async def stun_port():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(StunServer, ('127.0.0.1', 0))
    yield transport.get_extra_info('sockname')[1]
    transport.close()


class Asking(AiortcPeer):
    """A peer with these servers; `candidates` followed its offer."""

    def __init__(self, *servers):
        listener = ObservingListener()
        self.candidates = listener.candidates
        super().__init__('front', IceOptions(servers), listener)
        self.connection.createDataChannel('x')

    async def ended(self):
        """Wait for the end of candidates, and return the lines of those before."""
        await until(lambda: self.candidates and self.candidates[-1] is None)
        return [candidate.line for candidate in self.candidates[:-1]]


@pytest.fixture
async def asking(nothing_left):
    """Make peers that are closed at the end."""
    peers = []

    def make(*servers):
        peers.append(Asking(*servers))
        return peers[-1]

    yield make
    for peer in peers:
        await peer.close()


async def test_servers_that_never_answer_delay_nothing_and_are_named(asking, caplog):
    with silent_server() as udp, silent_server(socket.SOCK_STREAM) as tcp:
        urls = [
            f'stun:127.0.0.1:{udp}',
            f'turn:127.0.0.1:{udp}',
            f'turn:127.0.0.1:{tcp}?transport=tcp',
            f'turns:127.0.0.1:{tcp}',
        ]
        peer = asking(*(IceServer((url,), **LOGIN) for url in urls))
        begin = time.monotonic()
        sdp = await peer.offer()
        assert time.monotonic() - begin < ANSWER_TIMEOUT
        assert await peer.ended() == []
    assert 'typ host' in sdp
    assert 'a=end-of-candidates' not in sdp
    for url in urls:
        assert f'front: ICE server {url}: no answer' in caplog.text
    assert 'secret' not in caplog.text


async def test_the_next_server_is_asked_when_one_is_silent(asking, stun_port, caplog):
    with silent_server() as port:
        silent, good = f'stun:127.0.0.1:{port}', f'stun:127.0.0.1:{stun_port}'
        peer = asking(IceServer((silent, good)))
        assert 'srflx' not in await peer.offer()
        candidates = await peer.ended()
    assert candidates
    assert all('203.0.113.7 4242 typ srflx' in line for line in candidates)
    assert silent in caplog.text
    assert good not in caplog.text


async def test_a_server_that_is_not_there_is_named_with_the_reason(asking, caplog):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
    url = f'turn:127.0.0.1:{port}?transport=tcp'
    peer = asking(IceServer((url,), **LOGIN))
    await peer.offer()
    await peer.ended()
    assert f'front: ICE server {url}: not reachable: connection refused' in caplog.text


async def test_the_same_problem_is_logged_once_and_so_is_its_end(nothing_left, stun_port, caplog):
    url = f'stun:127.0.0.1:{stun_port}'
    server_log = IceServerLog()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            server_log.failed('front', url, 'no answer')
        server_log.works('front', url)
        server_log.works('front', url)
        server_log.failed('front', url, 'no answer')
    assert [record.getMessage() for record in caplog.records] == [
        f'front: ICE server {url}: no answer',
        f'front: ICE server {url} works again',
        f'front: ICE server {url}: no answer',
    ]


async def test_the_answer_to_a_connected_peer_is_not_wanted(asking, stun_port):
    first, second = asking(IceServer((f'stun:127.0.0.1:{stun_port}',))), asking()
    await second.apply('offer', await first.offer())
    await first.apply('answer', await second.answer())
    await until(lambda: first.connection.connectionState == 'connected')
    first._on_late_candidate = pytest.fail
    await until(lambda: not first._gathering.pending)


async def test_a_gathering_that_is_given_up_leaves_nothing(asking):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(('127.0.0.1', 0))
        server.setblocking(False)
        url = f'127.0.0.1:{server.getsockname()[1]}'
        peer = asking(IceServer((f'stun:{url}', f'turn:{url}'), **LOGIN))
        await peer.offer()
        for _ in range(2):
            question = asyncio.get_running_loop().sock_recv(server, 2048)
            await asyncio.wait_for(question, DEADLINE)
        await peer.close()
    assert peer.candidates == []
