"""The viewers of one sender: its registration, and a session for each receiver that asks."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from webrtc_bridge.options import SenderOptions
from webrtc_bridge.peer.outbound_session import (
    OutboundSession,
    SendingPeer,
    SendingPeerListener,
)
from webrtc_bridge.peer.own_candidates import MOST_ADDRESSES
from webrtc_bridge.peer.session import SessionState
from webrtc_bridge.program.addresses import interface_addresses
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.fd_limit import free_descriptors
from webrtc_bridge.sending.paced_requests import PacedRequests
from webrtc_bridge.signaling.client.client import (
    SignalingClient,
    SignalingListener,
    log_refusal,
)
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    ErrorReply,
    IceServer,
    Message,
    Offer,
    ReceiverExit,
    RequestOffer,
    Role,
)

MOST_SESSIONS = 64
"""
Sessions at once; a sender is a robot's computer, not a media server.

As many again may be about to end: these take no place from a newcomer.
"""

MOST_NEGOTIATING = 32
'Sessions of these that are not connected yet.'

RESERVED_FILES, FILES_OF_A_SESSION = 12, 3
"""
Open files reserved for a camera that comes back and the connection to the server, and those that
a session may need while it is being established, apart from a socket for each address.
"""

MakePeer = Callable[[str, tuple[IceServer, ...], SendingPeerListener], SendingPeer]
'Makes the connection to the viewer with this id, by these ICE servers, for this listener.'

logger = logging.getLogger(__name__)


class Viewers(SignalingListener):
    """
    Register a sender, and run a session for each receiver that asks it for an offer.

    `on_change` is called when a session has come, gone, or changed its `idle`; `on_rate` when the
    bit rate that the link of one of them carries has changed. Belongs to the event loop.

    Raises: OptionError for an unusable URL, token, CA, id or name.
    """

    def __init__(
        self,
        options: SenderOptions,
        make_peer: MakePeer,
        on_change: Callable[[], None],
        on_rate: Callable[[], None],
    ) -> None:
        self._make_peer = make_peer
        self._on_change = on_change
        self._on_rate = on_rate
        self._refused = ''
        self._requests = PacedRequests(self._start_session, self._refuse)
        self._sessions: dict[str, tuple[OutboundSession, asyncio.Task[None]]] = {}
        self._signaling = SignalingClient(
            ServerAccess.of(options),
            Role.SENDER,
            self,
            peer_id=options.sender_id,
            name=options.name,
        )

    @property
    def sender_id(self) -> str:
        """The id that receivers ask for; empty before the first registration."""
        return self._signaling.peer_id

    @property
    def connected(self) -> bool:
        """Return whether the sender is registered at the signaling server."""
        return self._signaling.connected

    def __len__(self) -> int:
        """Return the number of sessions."""
        return len(self._sessions)

    @property
    def watching(self) -> int:
        """The number of sessions whose viewers want video at this moment."""
        return sum(not session.idle for session in self)

    def __iter__(self) -> Iterator[OutboundSession]:
        """Yield the sessions."""
        return (session for session, _ in self._sessions.values())

    async def run(self) -> None:
        """Serve receivers until cancelled; then say bye to all of them."""
        signaling = asyncio.ensure_future(self._signaling.run())
        try:
            await asyncio.shield(signaling)
        finally:
            self._requests.clear()
            await end(*(task for _, task in self._sessions.values()))
            await end(signaling)

    def on_message(self, message: Message) -> None:
        """Handle a message of the server."""
        if isinstance(message, RequestOffer):
            self._requests.add(message)
        elif isinstance(message, (Answer, Candidate, Bye)):
            if isinstance(message, Bye):
                self._requests.forget(message.session_id)
            session, _ = self._sessions.get(message.session_id, (None, None))
            if session:
                session.receive(message)
            else:
                logger.debug('%s of an ended session', message.TYPE)
        elif isinstance(message, ReceiverExit):
            for session in self:
                if session.peer_id == message.receiver_id:
                    session.peer_left()
        elif isinstance(message, ErrorReply):
            log_refusal(message)
            if message.ref == Offer.TYPE:
                self._on_refused_offer(message.message)

    def _start_session(self, request: RequestOffer) -> None:
        for session in self:
            if session.peer_id == request.peer_id:
                session.end('a newer session of the same receiver')
        self._make_room()
        if refusal := self._refusal():
            level = logging.DEBUG if refusal == self._refused else logging.WARNING
            logger.log(level, 'refused a session with %s: %s', request.peer_id, refusal)
            self._refused = refusal
            self._refuse(request, refusal)
            return
        session = self._session(request)
        task = asyncio.create_task(self._live(session))
        self._sessions[request.session_id] = (session, task)
        self._refused = ''
        self._on_change()

    def _session(self, request: RequestOffer) -> OutboundSession:
        ice_servers = tuple(self._signaling.ice_servers)
        return OutboundSession(
            request.peer_id,
            request.session_id,
            self._signaling.send,
            lambda listener: self._make_peer(request.peer_id, ice_servers, listener),
            self._on_rate,
            self._on_change,
        )

    def _refuse(self, request: RequestOffer, reason: str = 'too many requests') -> None:
        self._signaling.send(Bye(request.peer_id, request.session_id, reason))

    def _make_room(self) -> None:
        """
        End a session that negotiates if there are too many: the oldest without an answer.

        Only in the older half of them: whoever has just come had no time to answer, and those who
        answer and never connect must not keep it away.
        """
        coming = self._in_state(SessionState.NEGOTIATING)
        connected = len(self._in_state(SessionState.CONNECTED))
        if len(coming) >= min(MOST_NEGOTIATING, max(1, MOST_SESSIONS - connected)):
            older = coming[: (len(coming) + 1) // 2]
            unanswered = (session for session in older if not session.answered)
            next(unanswered, coming[0]).end('not connected yet, and newer viewers are waiting')

    def _in_state(self, state: SessionState) -> list[OutboundSession]:
        return [session for session in self if session.state is state and not session.is_ending]

    def _refusal(self) -> str:
        """Return why one more session is not possible; empty if it is."""
        if len(self._in_state(SessionState.CONNECTED)) >= MOST_SESSIONS:
            return f'all {MOST_SESSIONS} sessions are in use'
        if len(self) >= 2 * MOST_SESSIONS:
            return 'too many sessions have not ended yet'
        coming = len(self._in_state(SessionState.NEGOTIATING))
        if free_descriptors() < RESERVED_FILES + files_of_a_session() * (coming + 1):
            return 'the sender may not open more files'
        return ''

    def _on_refused_offer(self, reason: str) -> None:
        """Tell the viewer, if it is known which one; the server's reply does not name it."""
        waiting = self._in_state(SessionState.NEGOTIATING)
        waiting = [session for session in waiting if session.offered and not session.answered]
        if len(waiting) == 1:
            waiting[0].end(f'the server refused the offer: {reason}')

    async def _live(self, session: OutboundSession) -> None:
        try:
            await session.run()
        except Exception:
            logger.exception('session with %s failed', session.peer_id)
        finally:
            del self._sessions[session.session_id]
            self._on_change()


def files_of_a_session() -> int:
    """Return the files that a session may need; a host of containers has dozens of addresses."""
    addresses = [ip for ip in interface_addresses() if not ip_address(ip).is_loopback]
    return FILES_OF_A_SESSION + min(MOST_ADDRESSES, max(1, len(addresses)))
