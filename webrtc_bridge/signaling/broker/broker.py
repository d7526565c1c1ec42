"""
Decides what the signaling server does: no socket, no await, no clock, no randomness of its own.

The server names each socket by any hashable value, tells the broker what happened and when
(`connect`, `register`, `receive`, `disconnect`, `tick`), and carries out, in order, what each
returns. Nothing that a client sends makes these raise.
"""

import logging
import math
import secrets
import uuid
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.signaling.broker.actions import Action, Close, Probe, Send
from webrtc_bridge.signaling.broker.limits import Limits, TokenBucket
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.broker.session_rules import next_state
from webrtc_bridge.signaling.broker.session_table import (
    BrokeredSession,
    NegotiationState,
    Peer,
    SessionTable,
)
from webrtc_bridge.signaling.protocol.close_codes import TAKEN_OVER, CloseCode
from webrtc_bridge.signaling.protocol.messages import (
    Bye,
    ErrorReply,
    IceServer,
    IceServersChanged,
    Message,
    ReceiverExit,
    Register,
    Registered,
    RequestOffer,
    Role,
    SenderExit,
    SenderPresent,
    SessionMessage,
)
from webrtc_bridge.signaling.protocol.wire import (
    MAX_MESSAGE,
    parse_from_peer,
    parse_register,
    session_text,
    to_text,
)

ANYBODY = Rights()

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Client:
    """One socket; `peer` is None until it has registered."""

    connection: Hashable
    since: float
    bucket: TokenBucket
    peer: Peer | None = None
    told_ice_servers: float = 0.0
    dropped: int = 0
    rights: Rights = ANYBODY
    expires: float = math.inf


class Broker:
    """
    The rules of docs/protocol.md.

    `ice_servers` returns what goes into the `registered` of the peer of an id; `make_peer_id` and
    `make_session_id` must never return the same twice.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        ice_servers: Callable[[str], Iterable[IceServer]] = lambda peer_id: (),
        make_peer_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        make_session_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._limits = limits or Limits()
        self._ice_servers = ice_servers
        self._make_peer_id = make_peer_id
        self._make_session_id = make_session_id
        self._clients: dict[Hashable, _Client] = {}
        self._unregistered: dict[Hashable, _Client] = {}
        self._expiring: dict[Hashable, _Client] = {}
        self._table = SessionTable()

    def count(self, role: Role) -> int:
        """Return how many peers of `role` have a socket."""
        return sum(1 for _ in self._table.connected(role))

    @property
    def sessions(self) -> int:
        """How many sessions are remembered."""
        return len(self._table)

    def connect(
        self,
        connection: Hashable,
        now: float,
        rights: Rights = ANYBODY,
        expires: float = math.inf,
    ) -> None:
        """
        Note that there is a new socket, which has to register.

        It is closed when `rights` have expired, by the same clock as `now`.
        """
        limits = self._limits
        bucket = TokenBucket(limits.message_rate, limits.message_burst, now)
        client = _Client(connection, now, bucket, rights=rights, expires=expires)
        self._clients[connection] = self._unregistered[connection] = client
        if expires < math.inf:
            self._expiring[connection] = client

    def register(self, connection: Hashable, register: Register, now: float) -> list[Action]:
        """Register a socket whose path says what it is; what cannot be is an error and a close."""
        client = self._clients[connection]
        try:
            return self._register(client, register, now)
        except MessageError as error:
            return self.refuse(connection, error, now)

    def refuse(self, connection: Hashable, error: MessageError, now: float) -> list[Action]:
        """Say `error` to a socket that is of no use after it, and close that."""
        client = self._clients[connection]
        return [*self._error(client, error), *self._close(client, error.code, now)]

    def receive(self, connection: Hashable, text: str, now: float) -> list[Action]:
        """Handle one text message."""
        client = self._clients.get(connection)
        if client is None:
            return []  # Closed while it was on its way.
        if not self._spend(client, now):
            return self._drop(client, now)
        try:
            if client.peer is None:
                return self._register(client, parse_register(text), now)
            return self._handle(client.peer, parse_from_peer(text, client.peer.role), now)
        except MessageError as error:
            return self._error(client, error)

    def control_frame(self, connection: Hashable, now: float) -> list[Action]:
        """Count a ping or pong, which the server answers itself, as a message."""
        client = self._clients.get(connection)
        if client is None or self._spend(client, now):
            return []
        return self._drop(client, now)

    def disconnect(self, connection: Hashable, now: float) -> list[Action]:
        """Note that a socket is gone; again for the same socket does nothing."""
        client = self._clients.pop(connection, None)
        self._unregistered.pop(connection, None)
        self._expiring.pop(connection, None)
        if client is None or client.peer is None:
            return []
        peer = client.peer
        self._table.leave(peer, now)
        logger.info('%s %s left', peer.role.value, peer.id)
        self._table.forget_absent(now - self._limits.absence, self._limits.max_absent)
        if peer.role is Role.SENDER:
            return self._tell_receivers(SenderExit(peer.id), peer.id)
        actions: list[Action] = []
        for session in peer.sessions.values():
            actions += self._to(session.sender, ReceiverExit(peer.id))
        return actions

    def tick(self, now: float) -> list[Action]:
        """Do what is due by the clock; about once a second is often enough."""
        actions: list[Action] = []
        for client in list(self._unregistered.values()):
            if now - client.since >= self._limits.hello_timeout:
                actions += self._close(client, 'no register in time', now)
        for client in [one for one in self._expiring.values() if one.expires <= now]:
            actions += self._close(client, 'token: expired', now)
        for session in self._table.overdue(now - self._limits.session_timeout):
            actions += self._end(session, 'no answer in time')
        actions += self._renew_ice_servers(now)
        self._table.forget_absent(now - self._limits.absence, self._limits.max_absent)
        return actions

    def _register(self, client: _Client, register: Register, now: float) -> list[Action]:
        role, connection = register.role, client.connection
        peer_id = register.id or self._make_peer_id()
        if forbidden := client.rights.what_forbids(role, peer_id):
            raise MessageError('forbidden', forbidden, Register.TYPE)
        actions = self._free(client, register, peer_id)
        peer = client.peer = self._table.enter(
            role, peer_id, register.name, connection, client.rights
        )
        del self._unregistered[connection]
        name, key = printable(register.name), client.rights.key
        logger.info('%s %s registered, name %s, token %s', role.value, peer_id, name, key)
        missed, peer.missed = peer.missed, []
        client.told_ice_servers = now
        servers = tuple(self._ice_servers(peer_id))
        actions += self._to(peer, Registered(peer_id, ice_servers=servers))
        actions += self._presence(peer)
        for bye in missed:
            actions += self._to(peer, bye)
        return actions

    def _free(self, client: _Client, register: Register, peer_id: str) -> list[Action]:
        """Make the id free for `client`; what its token does not own, it does not get."""
        known = self._table.peers[register.role].get(peer_id)
        if known is None:
            return []
        owns = client.rights.proof == known.rights.proof
        if known.connection is None:
            if not owns:
                # Nor its sessions.
                self._table.forget(known)
            return []
        if not (owns and client.rights.proof and register.takeover):
            raise _IdInUse(known)
        logger.info('%s %s is taken over with its token', register.role.value, peer_id)
        old, known.connection = known.connection, None
        for clients in (self._clients, self._expiring):
            clients.pop(old, None)
        return [Close(old, CloseCode.POLICY, TAKEN_OVER)]

    def _renew_ice_servers(self, now: float) -> list[Action]:
        renewal = self._limits.ice_servers_renewal
        actions: list[Action] = []
        for client in self._clients.values() if renewal else ():
            if client.peer and now - client.told_ice_servers >= renewal:
                client.told_ice_servers = now
                servers = tuple(self._ice_servers(client.peer.id))
                actions += self._to(client.peer, IceServersChanged(servers))
        return actions

    def _presence(self, peer: Peer) -> list[Action]:
        if peer.role is Role.SENDER:
            return self._tell_receivers(SenderPresent(peer.id, peer.name), peer.id)
        actions: list[Action] = []
        for sender in self._table.connected(Role.SENDER):
            if peer.rights.covers(sender.id):
                actions += self._to(peer, SenderPresent(sender.id, sender.name))
        return actions

    def _handle(self, peer: Peer, message: SessionMessage, now: float) -> list[Action]:
        if isinstance(message, RequestOffer):
            return self._request(peer, message, now)
        session = self._session(peer, message)
        other = session.other(peer)
        if isinstance(message, Bye):
            self._table.end(session)
            return self._tell(other, Bye(peer.id, session.id, message.reason))
        if other.connection is None:
            raise self._no_peer(peer, message)
        text = session_text(message, other.role, peer.id, session.id)
        if len(text) > MAX_MESSAGE:
            kind = message.TYPE
            raise MessageError('bad_sdp', f'{kind}.sdp: too long to be passed on', kind)
        state = next_state(session, peer, message, self._limits.max_candidates)
        self._table.advance(session, state)
        return [Send(other.connection, text)]

    def _request(self, receiver: Peer, message: RequestOffer, now: float) -> list[Action]:
        if not receiver.rights.covers(message.peer_id):
            # Whether it is here or not.
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
                f'session: {pending} wait for their answer, expected fewer than that',
                message.TYPE,
            )
        actions = self._end(older, 'replaced') if older else []
        session = self._table.open(self._make_session_id(), sender, receiver, now)
        return actions + self._to(sender, RequestOffer(receiver.id, session.id))

    def _session(self, peer: Peer, message: SessionMessage) -> BrokeredSession:
        session = peer.sessions.get(message.peer_id)
        if session is not None and message.session_id in ('', session.id):
            return session
        # "Not yours" and "not there" are the same answer, on purpose.
        if session is None and not message.session_id:
            raise self._no_peer(peer, message)
        given = printable(message.session_id)
        raise MessageError('unknown_session', f'session_id: {given} is not known', message.TYPE)

    def _no_peer(self, peer: Peer, message: SessionMessage) -> MessageError:
        other, target = peer.role.other, message.peer_id
        field = f'{other.value}_id'
        known = self._table.peers[other].get(target)
        if known is not None and known.connection is not None:
            text = f'session_id: none with {target}'
            return MessageError('unknown_session', text, message.TYPE)
        if known is None and target in self._table.peers[peer.role]:
            text = f'{field}: {target} given, expected a {other.value}'
            return MessageError('bad_target', text, message.TYPE)
        return MessageError('unknown_peer', f'{field}: {target} is not here', message.TYPE)

    def _end(self, session: BrokeredSession, reason: str) -> list[Action]:
        self._table.end(session)
        sender, receiver = session.sender, session.receiver
        return [
            *self._tell(sender, Bye(receiver.id, session.id, reason)),
            *self._tell(receiver, Bye(sender.id, session.id, reason)),
        ]

    def _tell(self, peer: Peer, bye: Bye) -> list[Action]:
        if peer.connection is None:
            peer.missed.append(bye)
        return self._to(peer, bye)

    def _to(self, peer: Peer, message: Message) -> list[Action]:
        if peer.connection is None:
            return []
        return [Send(peer.connection, to_text(message, peer.role))]

    def _tell_receivers(self, message: Message, sender_id: str) -> list[Action]:
        text = to_text(message, Role.RECEIVER)
        return [
            Send(peer.connection, text)
            for peer in self._table.connected(Role.RECEIVER)
            if peer.rights.covers(sender_id)
        ]

    def _error(self, client: _Client, error: MessageError) -> list[Action]:
        peer = client.peer
        who = f'{peer.role.value} {peer.id}' if peer else 'a socket without id'
        logger.debug('%s: %s', who, error)
        reply = ErrorReply(error.code, error.message, error.ref)
        actions: list[Action] = [Send(client.connection, to_text(reply, Role.SENDER))]
        if isinstance(error, _IdInUse):
            actions.append(Probe(error.incumbent))
        return actions

    def _spend(self, client: _Client, now: float) -> bool:
        allowed = client.bucket.take(now)
        if allowed and client.dropped and client.bucket.recovered:
            client.dropped = 0
        return allowed

    def _drop(self, client: _Client, now: float) -> list[Action]:
        client.dropped += 1
        if client.dropped > self._limits.max_dropped:
            return self._close(client, 'too many messages', now)
        if client.dropped > 1:
            return []
        rate = self._limits.message_rate
        text = f'message: dropped, as will be all above {rate:g} a second'
        return self._error(client, MessageError('rate_limited', text))

    def _close(self, client: _Client, reason: str, now: float) -> list[Action]:
        close: list[Action] = [Close(client.connection, CloseCode.POLICY, reason)]
        return close + self.disconnect(client.connection, now)


class _IdInUse(MessageError):
    """The id belongs to a live socket, `incumbent`."""

    def __init__(self, peer: Peer) -> None:
        text = f'id: {peer.id} given, a {peer.role.value} of that id is here'
        super().__init__('id_in_use', text, Register.TYPE)
        self.incumbent = peer.connection
