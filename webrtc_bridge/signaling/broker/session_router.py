"""Route messages between the two peers of a session (sans-I/O)."""

from collections.abc import Callable

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.signaling.broker.actions import Action, Send
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.broker.session_rules import next_state
from webrtc_bridge.signaling.broker.session_table import (
    BrokeredSession,
    NegotiationState,
    Peer,
    SessionTable,
)
from webrtc_bridge.signaling.protocol.messages import (
    Bye,
    Message,
    RequestOffer,
    Role,
    SessionMessage,
)
from webrtc_bridge.signaling.protocol.wire import MAX_MESSAGE, session_text, to_text


class SessionRouter:
    """Open the sessions of `table`, pass their messages on, and end them."""

    def __init__(
        self, table: SessionTable, limits: Limits, make_session_id: Callable[[], str]
    ) -> None:
        self._table = table
        self._limits = limits
        self._make_session_id = make_session_id

    def route(self, peer: Peer, message: SessionMessage, now: float) -> list[Action]:
        """
        Handle a session message of `peer`.

        Raises: MessageError.
        """
        if isinstance(message, RequestOffer):
            return self._request(peer, message, now)
        session = self._session(peer, message)
        other = session.other(peer)
        if isinstance(message, Bye):
            self._table.end(session)
            return _say_bye(other, Bye(peer.id, session.id, message.reason))
        if other.connection is None:
            raise self._no_peer(peer, message)
        text = session_text(message, other.role, peer.id, session.id)
        if len(text) > MAX_MESSAGE:
            kind = message.TYPE
            raise MessageError('bad_sdp', f'{kind}.sdp: too long to be passed on', kind)
        state = next_state(session, peer, message, self._limits.max_candidates)
        self._table.advance(session, state)
        return [Send(other.connection, text)]

    def end_overdue(self, now: float) -> list[Action]:
        """End the sessions that have waited too long for their answer."""
        actions: list[Action] = []
        for session in self._table.overdue(now - self._limits.session_timeout):
            actions += self._end(session, 'no answer in time')
        return actions

    def _request(self, receiver: Peer, message: RequestOffer, now: float) -> list[Action]:
        if not receiver.rights.covers(message.peer_id):
            # Whether it is connected or not.
            text = f'sender_id: the token is not for {message.peer_id}'
            raise MessageError('forbidden', text, message.TYPE)
        sender = self._table.peers[Role.SENDER].get(message.peer_id)
        if sender is None or sender.connection is None:
            raise self._no_peer(receiver, message)
        older = receiver.sessions.get(sender.id)
        states = [s.state for s in receiver.sessions.values() if s is not older]
        pending = sum(state is not NegotiationState.ANSWERED for state in states)
        if pending >= self._limits.max_pending:
            raise MessageError(
                'too_many',
                f'session: {pending} are waiting for an answer, expected fewer',
                message.TYPE,
            )
        actions = self._end(older, 'replaced') if older else []
        session = self._table.open(self._make_session_id(), sender, receiver, now)
        return actions + send_to(sender, RequestOffer(receiver.id, session.id))

    def _session(self, peer: Peer, message: SessionMessage) -> BrokeredSession:
        session = peer.sessions.get(message.peer_id)
        if session is not None and message.session_id in ('', session.id):
            return session
        # "Not yours" and "no such session" are the same answer, on purpose.
        if session is None and not message.session_id:
            raise self._no_peer(peer, message)
        session_id = printable(message.session_id)
        raise MessageError(
            'unknown_session', f'session_id: {session_id} is not known', message.TYPE
        )

    def _no_peer(self, peer: Peer, message: SessionMessage) -> MessageError:
        other, target = peer.role.other, message.peer_id
        field = f'{other.value}_id'
        known = self._table.peers[other].get(target)
        if known is not None and known.connection is not None:
            text = f'session_id: no session with {target}'
            return MessageError('unknown_session', text, message.TYPE)
        if known is None and target in self._table.peers[peer.role]:
            text = f'{field}: {target} given, expected a {other.value}'
            return MessageError('bad_target', text, message.TYPE)
        return MessageError('unknown_peer', f'{field}: {target} is not connected', message.TYPE)

    def _end(self, session: BrokeredSession, reason: str) -> list[Action]:
        self._table.end(session)
        sender, receiver = session.sender, session.receiver
        return [
            *_say_bye(sender, Bye(receiver.id, session.id, reason)),
            *_say_bye(receiver, Bye(sender.id, session.id, reason)),
        ]


def send_to(peer: Peer, message: Message) -> list[Action]:
    """Return what sends `message` to `peer`; nothing if that has no socket."""
    if peer.connection is None:
        return []
    return [Send(peer.connection, to_text(message, peer.role))]


def _say_bye(peer: Peer, bye: Bye) -> list[Action]:
    if peer.connection is None:
        peer.missed.append(bye)
    return send_to(peer, bye)
