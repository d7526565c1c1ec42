"""One WebRTC session in either direction, from the request to the end."""

import asyncio
import enum
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from webrtc_bridge.errors import SessionError
from webrtc_bridge.program.cancellation import end, finish
from webrtc_bridge.signaling.protocol.fields import shortened
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    IceCandidate,
    Message,
    Offer,
)

CONNECT_TIMEOUT = 15.0
'Seconds from the start of a session to its connection.'

NEGOTIATION_TIMEOUT = 1.0
'Seconds that a negotiation has to stop in when its session ends.'

NO_PATH = 'no path to the peer'
NO_ENCRYPTION = 'there is a path to the peer, but encryption failed (DTLS handshake)'
GONE = 'the peer is gone'

INBOX = 80
'Messages that wait to be handled: a description, its candidates and a few to spare.'

Description = Offer | Answer
SessionMessage = Description | Candidate | Bye

logger = logging.getLogger(__name__)


class PeerListener(Protocol):
    """Receives the events of a peer connection, in the event loop."""

    def on_candidate(self, candidate: IceCandidate | None) -> None:
        """Take a candidate of this side that follows its description, or their end."""

    def on_connected(self) -> None:
        """Note that the transport is up."""

    def on_lost(self, reason: str) -> None:
        """Note that the transport is gone for good."""


class SessionState(enum.Enum):
    """The states of a session."""

    NEGOTIATING = 'negotiating'
    CONNECTED = 'connected'
    ENDED = 'ended'


class Session(ABC):
    """
    The life of a session is one call of `run`; its owner passes it the messages that arrive.

    It listens to a peer connection, which its subclass makes, of whichever WebRTC library. `send`
    passes on messages to the peer. Belongs to the event loop.
    """

    def __init__(self, peer_id: str, session_id: str, send: Callable[[Message], object]) -> None:
        self.peer_id = peer_id
        self.session_id = session_id
        self.state = SessionState.NEGOTIATING
        self._pass_on = send
        self._peer_said_bye = False
        self._inbox: asyncio.Queue[Description | Candidate] = asyncio.Queue(INBOX)
        loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[str] = loop.create_future()

    @property
    def is_ending(self) -> bool:
        """Return whether it has a reason to end, however long its end may take."""
        return self._ended.done()

    def receive(self, message: SessionMessage) -> None:
        """Take a message of this session."""
        if isinstance(message, Bye):
            self._peer_said_bye = True
            self.end(f'the peer said bye ({message.reason or "no reason"})')
            return
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            logger.warning('%s: too many messages, %s dropped', self.peer_id, message.TYPE)

    def peer_left(self) -> None:  # noqa: B027, for sessions that notice it otherwise
        """Note that the peer's signaling socket is gone: it comes back, or the peer has died."""

    def end(self, reason: str) -> None:
        """End the session; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(reason)

    def on_candidate(self, candidate: IceCandidate | None) -> None:
        """Pass on a candidate to the peer."""
        self._send(Candidate(self.peer_id, self.session_id, candidate))

    def on_connected(self) -> None:
        """Note that the transport is up."""
        # A connection that is being closed may still come about.
        if self.state is SessionState.NEGOTIATING:
            self._connected.set_result(None)
            self._set_state(SessionState.CONNECTED)

    def on_lost(self, reason: str) -> None:
        """End the session: the transport is gone for good."""
        self.end(reason)

    async def run(self) -> str:
        """Run the session; return why it ended. Says bye and closes all, also when cancelled."""
        negotiation = asyncio.ensure_future(self._negotiate_safely())
        reason = 'stopped'
        try:
            reason = await self._live()
        finally:
            self._set_state(SessionState.ENDED, reason)
            self._send(Bye(self.peer_id, self.session_id, shortened(reason)))
            await end(negotiation, timeout=NEGOTIATION_TIMEOUT)
            await finish(self._close())
        return reason

    def _send(self, message: Message) -> None:
        if not self._peer_said_bye:  # it knows already
            self._pass_on(message)

    async def _live(self) -> str:
        either: set[asyncio.Future[Any]] = {self._connected, self._ended}
        await asyncio.wait(either, timeout=CONNECT_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done() and not self._ended.done():
            return f'no connection after {CONNECT_TIMEOUT:.0f} s'
        return await self._ended

    async def _negotiate_safely(self) -> None:
        try:
            await self._negotiate()
        except SessionError as error:
            self.end(error.reason)
        except Exception:
            logger.exception('%s: negotiation failed', self.peer_id)
            self.end('internal error')

    async def _take_messages(self) -> None:
        """Apply the peer's messages, as long as the session lives."""
        while True:
            message = await self._inbox.get()
            if isinstance(message, Candidate):
                await self._on_candidate(message.candidate)
            else:
                await self._on_description(message)

    def _set_state(self, state: SessionState, reason: str = '') -> None:
        if state is not self.state:
            self.state = state
            because = f': {reason}' if reason else ''
            logger.info('session with %s %s%s', self.peer_id, state.value, because)

    @abstractmethod
    async def _negotiate(self) -> None:
        """Establish the connection; runs until cancelled."""

    @abstractmethod
    async def _on_description(self, message: Description) -> None:
        """Apply the peer's description."""

    @abstractmethod
    async def _on_candidate(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer."""

    @abstractmethod
    async def _close(self) -> None:
        """Close the connection and release everything else, in limited time."""
