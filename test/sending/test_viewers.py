"""The places of a sender: whom a newcomer takes one from, and who keeps it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from support.peers.fake_peers import FakePeer

from webrtc_bridge.options import SenderOptions
from webrtc_bridge.peer.outbound_session import SendingPeer, SendingPeerListener
from webrtc_bridge.sending import paced_requests
from webrtc_bridge.sending import viewers as module
from webrtc_bridge.sending.viewers import Viewers
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    ErrorReply,
    IceServer,
    Message,
    RequestOffer,
)

CONNECTED, NEGOTIATING = 4, 3
REFUSED_OFFER = ErrorReply('too_many', 'candidate: more than 64', 'offer')


class SlowToClose(FakePeer):
    """Closes when it is allowed to."""

    def __init__(self, listener: SendingPeerListener, may_close: asyncio.Event) -> None:
        super().__init__(listener)
        self._may_close = may_close

    async def close(self) -> None:
        await self._may_close.wait()
        await super().close()


class Camera:
    """A sender without video, and its viewers by name."""

    def __init__(self) -> None:
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.peers: dict[str, FakePeer] = {}
        self.viewers = Viewers(
            SenderOptions(sender_id='front'), self._make_peer, lambda: None, lambda: None
        )
        self.byes: dict[str, str] = {}
        self.viewers._signaling.send = self._note  # type: ignore[method-assign]

    def ask(self, viewer: str) -> None:
        self.viewers.on_message(RequestOffer(viewer, f'of {viewer}'))

    def answer(self, viewer: str) -> None:
        self.viewers.on_message(Answer(viewer, f'of {viewer}', 'v=0'))

    async def connect(self, *viewers: str) -> None:
        for viewer in viewers:
            self.ask(viewer)
            await settle()
            self.peers[viewer].listener.on_connected()

    def served(self) -> list[str]:
        return [session.peer_id for session in self.viewers if not session.is_ending]

    def _note(self, message: Message) -> bool:
        if isinstance(message, Bye):
            self.byes[message.peer_id] = message.reason
        return True

    def _make_peer(
        self, viewer: str, servers: tuple[IceServer, ...], listener: SendingPeerListener
    ) -> SendingPeer:
        self.peers[viewer] = SlowToClose(listener, self.may_close)
        return self.peers[viewer]


async def settle() -> None:
    """Let sessions do what they can do without waiting for anybody."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def camera(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Camera]:
    monkeypatch.setattr(module, 'MOST_SESSIONS', CONNECTED)
    monkeypatch.setattr(module, 'MOST_NEGOTIATING', NEGOTIATING)
    monkeypatch.setattr(paced_requests, 'INTERVAL', 0.0)
    camera = Camera()
    yield camera
    camera.may_close.set()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for session in camera.viewers:
        session.end('the test is over')
    await asyncio.wait(tasks, timeout=10) if tasks else None


async def test_the_oldest_without_an_answer_makes_room_for_a_newcomer(camera: Camera) -> None:
    camera.ask('first')
    camera.answer('first')
    await settle()
    for silent in ('silent1', 'silent2', 'silent3', 'silent4'):
        camera.ask(silent)
        await settle()
    assert camera.served() == ['first', 'silent3', 'silent4']
    camera.ask('newcomer')
    await settle()
    assert camera.served() == ['first', 'silent4', 'newcomer']


async def test_who_answers_and_never_connects_keeps_no_newcomer_away(camera: Camera) -> None:
    for attacker in ('attacker1', 'attacker2'):
        camera.ask(attacker)
        camera.answer(attacker)
        await settle()
    camera.ask('honest')
    await settle()
    camera.ask('attacker3')
    await settle()
    assert camera.served() == ['attacker2', 'honest', 'attacker3']


async def test_who_is_connected_keeps_its_place(camera: Camera) -> None:
    await camera.connect('a', 'b', 'c')
    for silent in range(100):
        camera.ask(f'silent{silent}')
        await settle()
    assert camera.served() == ['a', 'b', 'c', 'silent99']
    await camera.connect('d')
    assert camera.served() == ['a', 'b', 'c', 'd']


async def test_when_all_are_connected_another_is_refused_and_that_is_logged_once(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    await camera.connect('a', 'b', 'c', 'd')
    for _ in range(200):
        camera.ask('e')
    assert camera.served() == ['a', 'b', 'c', 'd']
    refusals = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert [r.getMessage() for r in refusals] == [
        f'refused a session with e: all {CONNECTED} sessions are in use'
    ]


async def test_sessions_that_have_yet_to_end_take_no_place(camera: Camera) -> None:
    camera.may_close.clear()
    await camera.connect('a', 'b', 'c', 'd')
    for session in list(camera.viewers):
        session.end('gone')
    await settle()
    assert len(camera.viewers) == CONNECTED, 'they are still closing'
    await camera.connect('e', 'f', 'g')
    assert camera.served() == ['e', 'f', 'g']


async def test_but_there_is_an_end_to_those_too(camera: Camera) -> None:
    camera.may_close.clear()
    for number in range(100):
        camera.ask(f'v{number}')
        for session in list(camera.viewers):
            session.end('gone')
        await settle()
    assert len(camera.viewers) == 2 * CONNECTED


async def test_one_whose_offer_the_server_refuses_is_told_why(camera: Camera) -> None:
    camera.ask('viewer')
    await settle()
    camera.viewers.on_message(REFUSED_OFFER)
    await settle()
    assert camera.served() == []
    assert camera.byes == {'viewer': 'the server refused the offer: candidate: more than 64'}


async def test_one_of_several_is_not_guessed(camera: Camera) -> None:
    camera.ask('viewer')
    camera.ask('other')
    await settle()
    camera.viewers.on_message(REFUSED_OFFER)
    await settle()
    assert camera.served() == ['viewer', 'other']
