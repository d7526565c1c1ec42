import asyncio
import contextlib
import logging
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from support.signaling.running_client import ME, Peer
from support.signaling.signaling_samples import CANDIDATE, SDP
from support.signaling.waiting import until
from websockets.asyncio.server import ServerConnection, serve

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ServerOptions, SignalingOptions
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.refusal import Refusal
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    ErrorReply,
    IceCandidate,
    IceServer,
    Offer,
    RequestOffer,
    Role,
    SenderExit,
    SenderPresent,
)
from webrtc_bridge.signaling.server.server import SignalingServer


def free_port() -> int:
    with sockets.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def server() -> AsyncIterator[SignalingServer]:
    servers = ('stun:stun.example:3478',)
    async with SignalingServer(SignalingOptions(port=0, ice_servers=servers)) as serving:
        yield serving


async def test_a_negotiation_between_two_clients(server: SignalingServer) -> None:
    sender = Peer(server.url, Role.SENDER, 'front', name='Front camera')
    receiver = Peer(server.url, Role.RECEIVER)
    async with sender.running(), receiver.running():
        assert await receiver.next() == SenderPresent('front', 'Front camera')
        assert receiver.client.ice_servers == (IceServer(('stun:stun.example:3478',)),)
        assert receiver.client.send(RequestOffer('front'))
        request = await sender.next()
        assert isinstance(request, RequestOffer)
        ros, session = receiver.client.peer_id, request.session_id
        assert request.peer_id == ros
        sender.client.send(Offer(ros, session, SDP))
        assert await receiver.next() == Offer('front', session, SDP)
        receiver.client.send(Answer('front', session, SDP))
        assert await sender.next() == Answer(ros, session, SDP)
        candidate = IceCandidate(CANDIDATE['candidate'], '0', 0)
        sender.client.send(Candidate(ros, session, candidate))
        assert await receiver.next() == Candidate('front', session, candidate)
        receiver.client.send(Bye('front', 'stale'))
        error = await receiver.next()
        assert isinstance(error, ErrorReply)
        assert (error.code, error.ref) == ('unknown_session', 'bye')


async def test_what_was_queued_is_sent_when_it_is_cancelled(server: SignalingServer) -> None:
    sender = Peer(server.url, Role.SENDER, 'front')
    receiver = Peer(server.url, Role.RECEIVER)
    async with receiver.running():
        async with sender.running():
            await receiver.next()
            receiver.client.send(RequestOffer('front'))
            request = await sender.next()
            assert isinstance(request, RequestOffer)
            sender.client.send(Bye(request.peer_id, request.session_id, 'the end'))
        assert await receiver.next() == Bye('front', request.session_id, 'the end')
        assert await receiver.next() == SenderExit('front')
    assert sender.changes == [True, False]
    assert not sender.client.connected


async def test_a_made_id_is_kept_over_a_restart_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = SignalingServer(SignalingOptions(port=0))
    await first.start()
    peer = Peer(first.url, Role.SENDER)
    async with peer.running():
        await peer.connected()
        peer_id = peer.client.peer_id
        await first.close()
        await until(lambda: not peer.client.connected)
        assert not peer.client.send(Bye('ros', ''))
        async with SignalingServer(SignalingOptions(port=first.port)):
            await peer.connected()
            assert peer.client.peer_id == peer_id
    assert peer.changes == [True, False, True, False]
    warnings = [r for r in caplog.records if r.name == ME and r.levelno >= logging.WARNING]
    assert len(warnings) <= 2


async def test_it_waits_for_a_server_that_is_not_there_yet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    peer = Peer(f'ws://me:hidden@127.0.0.1:{port}/?token=hidden', Role.SENDER)
    async with peer.running():
        await until(lambda: len(caplog.records) > 0)
        assert peer.troubles == [Refusal.UNREACHABLE]
        # The next attempts, after 0.3 and 1 s, find it no better.
        await asyncio.sleep(1.0)
        assert [r.name for r in caplog.records if r.levelno >= logging.WARNING] == [ME]
        async with SignalingServer(SignalingOptions(port=port)):
            await peer.connected()
    assert 'hidden' not in caplog.text


async def test_an_id_in_use_is_logged_once_and_tried_again(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    second = Peer(server.url, Role.SENDER, 'front')
    async with contextlib.AsyncExitStack() as stack:
        async with Peer(server.url, Role.SENDER, 'front').running() as first:
            await first.connected()
            await stack.enter_async_context(second.running())
            refusals = [await second.next(), await second.next()]
            assert {isinstance(m, ErrorReply) and m.code for m in refusals} == {'id_in_use'}
            assert first.changes == [True]
        await second.connected()
        assert second.client.peer_id == 'front'
    assert second.troubles == [Refusal.REGISTRATION]
    assert len([r for r in caplog.records if 'refused: id_in_use' in r.getMessage()]) == 1


async def test_a_listener_that_raises_is_logged_and_goes_on(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Mistaken(Peer):
        def on_message(self, message: object) -> None:
            raise TypeError('a mistake in a listener')

        def on_connected(self, connected: bool) -> None:
            raise TypeError('a mistake in a listener')

    peer = Mistaken(server.url, Role.RECEIVER)
    async with peer.running():
        await peer.connected()
        async with Peer(server.url, Role.SENDER, 'front').running():
            await until(lambda: caplog.text.count('TypeError: a mistake in a listener') >= 2)
            assert peer.client.connected


async def test_a_queue_that_is_full_refuses(server: SignalingServer) -> None:
    peer = Peer(server.url, Role.RECEIVER)
    async with peer.running():
        await peer.connected()
        accepted = [peer.client.send(Bye('front', '')) for _ in range(300)]
        assert accepted == [True] * 256 + [False] * 44


@contextlib.asynccontextmanager
async def odd_server(
    behave: Callable[[ServerConnection], Any],
) -> AsyncIterator[str]:
    async with serve(behave, '127.0.0.1', 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield f'ws://127.0.0.1:{port}'


async def test_nonsense_from_a_server_is_logged_and_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def babble(socket: ServerConnection) -> None:
        await socket.send('nonsense\n')
        await socket.send(b'binary')
        await socket.send('{"type":"of_a_newer_server"}')
        await socket.send('{"type":"registered","sender_id":"front"}')
        await socket.send('{"type":"request_offer","receiver_id":"ros","session_id":"1"}')
        await socket.wait_closed()

    async with odd_server(babble) as url:
        peer = Peer(url, Role.SENDER)
        async with peer.running():
            assert await peer.next() == RequestOffer('ros', '1')
    assert caplog.text.count('ignored: bad_json') == 1


async def test_a_server_that_hangs_up_is_not_called_in_a_hurry() -> None:
    calls: list[float] = []

    async def hang_up(socket: ServerConnection) -> None:
        calls.append(time.monotonic())
        await socket.send('{"type":"registered","sender_id":"front"}')

    async with odd_server(hang_up) as url:
        peer = Peer(url, Role.SENDER)
        async with peer.running():
            await until(lambda: len(calls) >= 3)
    # After two calls it waits for at least half a second.
    assert calls[2] - calls[1] >= 0.5


async def test_a_server_that_is_none_is_tried_on(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
        writer.close()

    async with await asyncio.start_server(answer, '127.0.0.1', 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Peer(f'ws://127.0.0.1:{port}', Role.SENDER).running() as peer:
            await until(lambda: 'refused with HTTP status 404' in caplog.text)
            assert peer.troubles == [Refusal.HTTP_STATUS]


@pytest.mark.parametrize(
    'arguments',
    [
        {'peer_id': 'a b'},
        {'peer_id': 'x' * 65},
        {'name': 'a\nb'},
        {'name': 'x' * 129},
    ],
)
def test_unusable_arguments_are_option_errors(arguments: dict[str, str]) -> None:
    access = ServerAccess.of(ServerOptions('ws://robot:8080'))
    with pytest.raises(OptionError):
        SignalingClient(access, Role.SENDER, SignalingListener(), **arguments)
