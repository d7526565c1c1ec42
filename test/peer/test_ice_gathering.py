"""STUN and TURN servers that work, that don't, and that never answer."""

import asyncio
import logging
import socket
import ssl
import time
from contextlib import contextmanager

import pytest
from aioice import stun
from session_pair import DEADLINE, until

from webrtc_bridge.peer import ice_gathering
from webrtc_bridge.peer.aiortc_peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.ice_gathering import (
    ANSWER_TIMEOUT,
    IceGathering,
    NoAnswer,
    Trouble,
    reason_of,
    usable_servers,
)

LOGIN = {'username': 'u', 'credential': 'secret'}


@pytest.fixture(autouse=True)
def _nothing_said_before(monkeypatch):
    monkeypatch.setattr(ice_gathering, 'TROUBLE', Trouble())


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


async def offer(*servers, policy='all'):
    """Return the offer of a peer with these servers, and how long it took."""
    peer = AiortcPeer('front', IceOptions(servers, policy), lambda: None, lambda reason: None)
    peer.connection.createDataChannel('x')
    begin = time.monotonic()
    try:
        return await peer.offer(), time.monotonic() - begin
    finally:
        await peer.close()


async def test_servers_that_never_answer_delay_by_a_second_and_are_named(nothing_left, caplog):
    with silent_server() as udp, silent_server(socket.SOCK_STREAM) as tcp:
        urls = [
            f'stun:127.0.0.1:{udp}',
            f'turn:127.0.0.1:{udp}',
            f'turn:127.0.0.1:{tcp}?transport=tcp',
            f'turns:127.0.0.1:{tcp}',
        ]
        sdp, seconds = await offer(*({'urls': url, **LOGIN} for url in urls))
    assert 'typ host' in sdp
    assert seconds < ANSWER_TIMEOUT + 1.0  # of aioice's own 5 s
    for url in urls:
        assert f'front: ICE server {url}: no answer' in caplog.text
    assert 'secret' not in caplog.text


async def test_servers_that_were_silent_delay_the_next_session_less(nothing_left, caplog):
    with silent_server() as port:
        servers = {'urls': [f'stun:127.0.0.1:{port}', f'turn:127.0.0.1:{port}'], **LOGIN}
        first, second = [(await offer(servers))[1] for _ in range(2)]
    assert second < first
    assert len(caplog.records) == 2


async def test_the_next_server_is_asked_when_one_is_silent(nothing_left, stun_port, caplog):
    with silent_server() as port:
        silent, good = f'stun:127.0.0.1:{port}', f'stun:127.0.0.1:{stun_port}'
        sdp, _ = await offer({'urls': [silent, good]})
    assert '203.0.113.7 4242 typ srflx' in sdp
    assert silent in caplog.text
    assert good not in caplog.text


async def test_a_server_that_is_not_there_is_named_with_the_reason(nothing_left, caplog):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
    url = f'turn:127.0.0.1:{port}?transport=tcp'
    await offer({'urls': url, **LOGIN})
    assert f'front: ICE server {url}: not reachable: connection refused' in caplog.text


async def test_the_same_trouble_is_said_once_and_its_end_too(nothing_left, stun_port, caplog):
    url = f'stun:127.0.0.1:{stun_port}'
    trouble = Trouble()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            trouble.failed('front', url, 'no answer')
        trouble.works('front', url)
        trouble.works('front', url)
        trouble.failed('front', url, 'no answer')
    assert [record.getMessage() for record in caplog.records] == [
        f'front: ICE server {url}: no answer',
        f'front: ICE server {url} works again',
        f'front: ICE server {url}: no answer',
    ]


async def test_a_gathering_that_is_given_up_leaves_nothing(nothing_left):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(('127.0.0.1', 0))
        server.setblocking(False)
        url = f'127.0.0.1:{server.getsockname()[1]}'
        asking = asyncio.ensure_future(offer({'urls': [f'stun:{url}', f'turn:{url}'], **LOGIN}))
        for _ in range(2):
            question = asyncio.get_running_loop().sock_recv(server, 2048)
            await asyncio.wait_for(question, DEADLINE)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_an_answer_that_comes_too_late_is_given_back(nothing_left):
    answers = asyncio.Event()
    asked, given_back = [], []

    async def ask(server):
        asked.append(server)
        await answers.wait()
        return server.url

    servers = usable_servers([{'urls': 'stun:one'}, {'urls': 'stun:two'}])
    with IceGathering('front', servers) as gathering:
        first = asyncio.ensure_future(gathering.first(False, ask, given_back.append))
        await until(lambda: len(asked) == 2)
        answers.set()  # so both answer in one turn of the loop
        used = await asyncio.wait_for(first, DEADLINE)
    assert {used, *given_back} == {'stun:one', 'stun:two'}


async def test_without_a_server_of_the_kind_there_is_no_answer(nothing_left):
    with IceGathering('front', ()) as gathering, pytest.raises(NoAnswer):
        await gathering.first(True, print, print)


def failure(code, phrase):
    response = stun.Message(stun.Method.ALLOCATE, stun.Class.ERROR)
    response.attributes['ERROR-CODE'] = (code, phrase)
    return stun.TransactionFailed(response)


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (failure(401, 'Unauthorized'), 'login refused (401 Unauthorized)'),
        (failure(486, 'Allocation Quota Reached'), 'refused (486 Allocation Quota Reached)'),
        (stun.TransactionTimeout(), 'no answer'),
        (socket.gaierror(-2, 'Name or service not known'), 'host unknown'),
        (ConnectionRefusedError(111, "Connect call failed ('::1', 1)"), 'connection refused'),
        (ssl.SSLCertVerificationError(1, 'self-signed'), 'no TLS: '),
        (KeyError('XOR-MAPPED-ADDRESS'), "KeyError('XOR-MAPPED-ADDRESS')"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reason_is_in_words(error, words):
    assert words in reason_of(error)


def test_passwords_are_not_shown():
    servers = usable_servers([{'urls': 'turn:host', **LOGIN}])
    assert 'secret' not in repr(servers)


def test_what_is_left_out_is_named_without_its_password(caplog):
    assert usable_servers([{'urls': 'turn:user:secret@host:3478'}]) == []
    assert 'left out' in caplog.text
    assert 'secret' not in caplog.text
