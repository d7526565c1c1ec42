"""Route messages between the two peers of a session (sans-I/O)."""

from collections.abc import Callable, Iterable

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
)
from webrtc_bridge.signaling.protocol.wire import (
    MAX_MESSAGE,
    Envelope,
    session_text,
    to_text,
)


class SessionRouter:
    """Open the sessions of `table`, pass their messages on, and end them."""

    def __init__(
        self, table: SessionTable, limits: Limits, make_session_id: Callable[[], str]
    ) -> None:
        self._table = table
        self._limits = limits
        self._make_session_id = make_session_id

    def route(self, peer: Peer, envelope: Envelope, now: float) -> list[Action]:
        """
        Handle a session message of `peer`.

        Raises: MessageError.
        """
        if peer.role is Role.RECEIVER and not peer.rights.covers(envelope.peer_id):
            # Whether it is connected or not.
            text = f'sender_id: the token is not for {envelope.peer_id}'
            raise MessageError('forbidden', text, envelope.kind)
        if envelope.kind == RequestOffer.TYPE:
            return self._request(peer, envelope, now)
        session = self._session(peer, envelope)
        if envelope.kind == Bye.TYPE:
            return self._bye(session, peer, envelope)
        return self._pass_on(session, peer, envelope)

    def end_overdue(self, now: float) -> list[Action]:
        """End the sessions that have waited too long for their answer."""
        actions: list[Action] = []
        for session in self._table.overdue(now - self._limits.session_timeout):
            actions += self._end(session, 'no answer in time')
        return actions

    def _request(self, receiver: Peer, envelope: Envelope, now: float) -> list[Action]:
        sender = self._table.peers[Role.SENDER].get(envelope.peer_id)
        if sender is None or sender.connection is None:
            raise self._not_connected(receiver, envelope)
        if not sender.requests.may_ask(receiver.id, receiver.owner, self._limits, now):
            text = f'sender_id: {sender.id} was asked too often; wait a second'
            raise MessageError('too_many', text, envelope.kind, sender.id)
        older = receiver.sessions.get(sender.id)
        actions = self._end(older, 'replaced') if older else []
        actions += self._make_room(receiver.sessions.values(), self._limits.max_pending)
        same_owner = (s for s in sender.sessions.values() if s.receiver.owner == receiver.owner)
        actions += self._make_room(same_owner, self._limits.max_pending_of_owner)
        session = self._table.open(self._make_session_id(), sender, receiver, now)
        return actions + send_to(sender, RequestOffer(receiver.id, session.id))

    def _make_room(self, sessions: Iterable[BrokeredSession], most: int) -> list[Action]:
        """End the oldest of `sessions` without an answer, if `most` of them have none."""
        pending = [s for s in sessions if s.state is not NegotiationState.ANSWERED]
        if len(pending) < most:
            return []
        oldest = min(pending, key=lambda session: session.requested_at)
        return self._end(oldest, 'no answer, and newer sessions wait for theirs')

    def _bye(self, session: BrokeredSession, peer: Peer, envelope: Envelope) -> list[Action]:
        bye = envelope.message()
        assert isinstance(bye, Bye)
        self._table.end(session)
        return _say_bye(session.other(peer), Bye(peer.id, session.id, bye.reason))

    def _pass_on(self, session: BrokeredSession, peer: Peer, envelope: Envelope) -> list[Action]:
        other = session.other(peer)
        if other.connection is None:
            raise self._not_connected(peer, envelope)
        # First of all the state, and the candidates: only then is a description worth its check.
        state = next_state(session, peer, envelope.kind)
        candidates, most = envelope.candidates, self._limits.max_candidates
        if session.candidates[peer.role] + candidates > most:
            text = f'candidate: more than {most} from one side of a session'
            raise MessageError('too_many', text, envelope.kind)
        text = session_text(envelope.message(), other.role, peer.id, session.id)
        if len(text) > MAX_MESSAGE:
            kind = envelope.kind
            raise MessageError('bad_sdp', f'{kind}.sdp: too long to be passed on', kind)
        session.candidates[peer.role] += candidates
        self._table.advance(session, state)
        return [Send(other.connection, text)]

    def _session(self, peer: Peer, envelope: Envelope) -> BrokeredSession:
        session = peer.sessions.get(envelope.peer_id)
        if session is not None and envelope.session_id in ('', session.id):
            return session
        # "Not yours" and "no such session" are the same answer, on purpose.
        if session is None and not envelope.session_id:
            raise self._no_session(peer, envelope)
        session_id = printable(envelope.session_id)
        raise MessageError(
            'unknown_session', f'session_id: {session_id} is not known', envelope.kind
        )

    def _no_session(self, peer: Peer, envelope: Envelope) -> MessageError:
        target = envelope.peer_id
        known = self._table.peers[peer.role.other].get(target)
        # A receiver sees anyway which of its senders are connected; a sender does not see
        # receivers without a session.
        if peer.role is Role.SENDER or (known is not None and known.connection is not None):
            text = f'session_id: no session with {target}'
            return MessageError('unknown_session', text, envelope.kind)
        return self._not_connected(peer, envelope)

    def _not_connected(self, peer: Peer, envelope: Envelope) -> MessageError:
        other, target = peer.role.other, envelope.peer_id
        if target not in self._table.peers[other] and target in self._table.peers[peer.role]:
            text = f'{other.value}_id: {target} given, expected a {other.value}'
            return MessageError('bad_target', text, envelope.kind)
        text = f'{other.value}_id: {target} is not connected'
        return MessageError('unknown_peer', text, envelope.kind)

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
