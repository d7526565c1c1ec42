"""Video through a real TURN server, and sessions whose servers are useless."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aioice.turn import TurnTransport
from support.links.turn_server import SECRET, TurnServer, running_turn_server
from support.peers.fake_peers import ObservingListener
from support.peers.watching import watching

from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import (
    EncoderOptions,
    SenderOptions,
    SignalingOptions,
    SourceOptions,
)
from webrtc_bridge.peer.aiortc import ice_gathering
from webrtc_bridge.peer.aiortc.patches.sending import waiting_bytes
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.sending.sender import Sender
from webrtc_bridge.signaling.server.ice_servers import TURN_SECRET, IceServers
from webrtc_bridge.signaling.server.server import SignalingServer

FIRST_PICTURE = 4.0
'Seconds that servers may cost until the first picture; for aiortc alone it is 5 at each end.'


@pytest.fixture(autouse=True)
def _nothing_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice_gathering, 'ICE_SERVER_LOG', ice_gathering.IceServerLog())


@pytest.fixture
async def turn(tmp_path: Path) -> AsyncIterator[TurnServer]:
    async with running_turn_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def camera(*ice_servers: str) -> AsyncIterator[str]:
    """Serve a camera `front` and these ICE servers; yield the signaling server's URL."""
    frames: Latest[CapturedFrame] = Latest()
    source = Camera(SourceOptions(source='test', width=320, height=240), frames)
    async with SignalingServer(SignalingOptions(port=0, ice_servers=ice_servers)) as signaling:
        source.open()
        sender = Sender(SenderOptions(signaling.url, 'front'), EncoderOptions(), frames, 30.0)
        sending = asyncio.ensure_future(sender.run())
        try:
            yield signaling.url
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            source.close()


async def seconds_to_first_picture(url: str) -> float:
    started = time.monotonic()
    async with watching(url, 'front') as seen:
        return await seen.first_after(started) - started


@pytest.mark.parametrize('transport', ['udp', 'tcp'])
async def test_video_comes_through_the_relay_alone(
    turn: TurnServer,
    transport: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(TURN_SECRET, SECRET)
    async with camera(turn.url(transport)) as url:
        direct = await seconds_to_first_picture(url)
        with caplog.at_level(logging.INFO, 'webrtc_bridge'):
            started = time.monotonic()
            async with watching(url, 'front', ice_transport_policy='relay') as seen:
                await seen.wait_for_more(60)
    assert seen.times[0] - started < direct + FIRST_PICTURE
    assert set(seen.sizes) == {(320, 240)}
    assert 'ICE server' not in caplog.text
    await until(lambda: turn.relayed >= 60)


@pytest.mark.parametrize('transport', ['udp', 'tcp'])
async def test_two_peers_that_may_use_relays_alone_meet(turn: TurnServer, transport: str) -> None:
    servers = IceServers([turn.url(transport)], secret=SECRET).for_peer('me')
    ice = IceOptions(servers, 'relay')
    listeners = [ObservingListener(), ObservingListener()]
    peers = [AiortcPeer('you', ice, listener) for listener in listeners]
    first, second = peers
    try:
        first.connection.createDataChannel('x')
        offer = await first.offer()
        await second.apply('offer', offer)
        await first.apply('answer', await second.answer())
        await asyncio.wait_for(asyncio.gather(*(one.connected.wait() for one in listeners)), 10.0)
        assert first.connection.sctp
        path = first.connection.sctp.transport.transport._connection
        assert isinstance(path._nominated[1].protocol.transport, TurnTransport)
        await until(lambda: waiting_bytes(path) == 0)  # all has gone to the server
    finally:
        await asyncio.gather(*(peer.close() for peer in peers))
    candidates = [line for line in offer.splitlines() if line.startswith('a=candidate')]
    assert candidates
    assert all(' typ relay ' in line for line in candidates)


async def test_relays_follow_a_description_that_waits_for_none(turn: TurnServer) -> None:
    servers = IceServers([turn.url('udp')], secret=SECRET).for_peer('me')
    listeners = [ObservingListener(), ObservingListener()]
    told = listeners[0].candidates
    first = AiortcPeer('you', IceOptions(servers), listeners[0])
    second = AiortcPeer('you', IceOptions(servers, 'relay'), listeners[1])
    try:
        first.connection.createDataChannel('x')
        offer = await first.offer()
        assert ' typ relay ' not in offer
        # The other peer gets the relay's candidates only, which follow.
        lines = offer.splitlines(keepends=True)
        await second.apply('offer', ''.join(line for line in lines if ' typ ' not in line))
        await first.apply('answer', await second.answer())
        await until(lambda: told and told[-1] is None)
        for candidate in told:
            await second.candidate(candidate)
        await asyncio.wait_for(asyncio.gather(*(one.connected.wait() for one in listeners)), 10.0)
    finally:
        await asyncio.gather(first.close(), second.close())
    assert any(' typ relay ' in candidate.line for candidate in told if candidate)


async def until(condition, timeout: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_a_wrong_secret_is_named_and_the_direct_path_works(
    turn: TurnServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TURN_SECRET, 'wrong')
    async with camera() as url:
        direct = await seconds_to_first_picture(url)
    async with camera(turn.url('udp')) as url:
        assert await seconds_to_first_picture(url) < direct + FIRST_PICTURE
    assert f'ICE server {turn.url("udp")}: login refused (401 Unauthorized)' in caplog.text


async def test_a_wrong_secret_leaves_nothing_where_only_the_relay_may_be_used(
    turn: TurnServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TURN_SECRET, 'wrong')
    reason = 'session with front ended: no TURN server relays'
    with caplog.at_level(logging.INFO, 'webrtc_bridge'):
        async with (
            camera(turn.url('tcp')) as url,
            watching(url, 'front', ice_transport_policy='relay') as seen,
        ):
            await until(lambda: reason in caplog.text)
    assert f': ICE server {turn.url("tcp")}: login refused' in caplog.text
    assert seen.sizes == []


async def test_servers_that_never_answer_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TURN_SECRET, SECRET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(('127.0.0.1', 0))
        port = silent.getsockname()[1]
        urls = (f'stun:127.0.0.1:{port}', f'turn:127.0.0.1:{port}')
        started = time.monotonic()
        async with camera(*urls) as url, watching(url, 'front') as seen:
            await seen.wait_for_more(1)
            seconds = time.monotonic() - started
    for ice_server in urls:
        assert f'ICE server {ice_server}: no answer' in caplog.text
    # aiortc alone waits 5 s at each end.
    assert seconds < 8.0
