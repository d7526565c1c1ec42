"""One viewer's WebRTC session with a GStreamer sender, from its request to the end."""

import asyncio
import enum
import logging
from collections.abc import Callable
from typing import Any

from webrtc_bridge.errors import SessionError
from webrtc_bridge.peer.gstreamer_feedback import Feedback, ViewerRate
from webrtc_bridge.peer.gstreamer_peer import GStreamerPeer, PeerEvents
from webrtc_bridge.peer.gstreamer_pipeline import GStreamerPipeline
from webrtc_bridge.peer.negotiation import IceCandidate
from webrtc_bridge.peer.watchdog import Watchdog
from webrtc_bridge.signaling.messages import Answer, Bye, Candidate, Message, Offer

CONNECT_TIMEOUT = 15.0
'Seconds from the start of a session to its connection.'

SILENCE = 10.0
'Seconds without an RTCP report after which a viewer is gone; they come every second or so.'

INBOX = 80
'Messages that wait to be handled: a description, its candidates and a few to spare.'

SessionMessage = Answer | Candidate | Bye

logger = logging.getLogger(__name__)


class SessionState(enum.Enum):
    """Where a session is in its life."""

    NEGOTIATING = 'negotiating'
    CONNECTED = 'connected'
    ENDED = 'ended'


class GStreamerSession:
    """
    Offer the pipeline's video to `peer_id` and send it; its life is one call of `run`.

    It is `peer/session.py` with webrtcbin, and without aiortc, which need not be installed.
    `on_rate` is called when what the viewer's link carries may have changed. Belongs to the event
    loop.
    """

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        ice_servers: tuple[dict[str, Any], ...],
        send: Callable[[Message], object],
        pipeline: GStreamerPipeline,
        on_rate: Callable[[], None],
    ) -> None:
        self.peer_id = peer_id
        self.session_id = session_id
        self.state = SessionState.NEGOTIATING
        self.rate = ViewerRate()
        self._send = send
        self._on_rate = on_rate
        self._inbox: asyncio.Queue[Answer | Candidate] = asyncio.Queue(INBOX)
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._watchdog = Watchdog(SILENCE, self._on_silence)
        events = PeerEvents(self._on_candidate, self._on_connected, self.end, self._on_feedback)
        self.peer = GStreamerPeer(peer_id, ice_servers, pipeline, events)

    def receive(self, message: SessionMessage) -> None:
        """Take a message of this session."""
        if isinstance(message, Bye):
            self._send = lambda _: None  # the peer knows already
            self.end(f'the peer said bye ({message.reason or "no reason"})')
            return
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            logger.warning('%s: too many messages, %s dropped', self.peer_id, message.TYPE)

    def end(self, reason: str) -> None:
        """End the session; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(reason)

    async def run(self) -> str:
        """Live the session; return why it ended. Says bye and closes all, when cancelled too."""
        negotiation = asyncio.ensure_future(self._negotiate_safely())
        reason = 'stopped'
        try:
            reason = await self._live()
        finally:
            self._set_state(SessionState.ENDED, reason)
            negotiation.cancel()
            self._send(Bye(peer_id=self.peer_id, session_id=self.session_id, reason=reason))
            self._watchdog.close()
            await asyncio.gather(negotiation, return_exceptions=True)
            await self.peer.close()
        return reason

    async def _live(self) -> str:
        either: set[asyncio.Future[Any]] = {self._connected, self._ended}
        await asyncio.wait(either, timeout=CONNECT_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done() and not self._ended.done():
            return f'no connection after {CONNECT_TIMEOUT:.0f} s'
        return await self._ended

    async def _negotiate_safely(self) -> None:
        try:
            sdp = await self.peer.offer()
            self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
            await self._take_messages()
        except SessionError as error:
            self.end(error.reason)
        except Exception:
            logger.exception('%s: negotiation failed', self.peer_id)
            self.end('internal error')

    async def _take_messages(self) -> None:
        while True:
            message = await self._inbox.get()
            if isinstance(message, Candidate):
                self.peer.candidate(message.candidate)
            else:
                await self.peer.apply(message.sdp)

    def _on_candidate(self, candidate: IceCandidate) -> None:
        self._send(Candidate(self.peer_id, self.session_id, candidate))

    def _on_connected(self) -> None:
        if not self._connected.done():
            self._connected.set_result(None)
            self._set_state(SessionState.CONNECTED)
            self._watchdog.heard()  # connecting may have taken longer than the silence allowed

    def _on_feedback(self, feedback: Feedback) -> None:
        self._watchdog.heard()
        self.rate.report(feedback, self._loop.time())
        self._on_rate()

    def _on_silence(self) -> None:
        if self._connected.done():
            self.end(f'no feedback from the viewer for {SILENCE:.0f} s')

    def _set_state(self, state: SessionState, reason: str = '') -> None:
        if state is not self.state:
            self.state = state
            because = f': {reason}' if reason else ''
            logger.info('session with %s %s%s', self.peer_id, state.value, because)
