"""
Decide what the signaling server does, with no socket, await or clock of its own.

The server names each socket by any hashable value, tells the broker what happened and when
(`connect`, `register`, `receive`, `disconnect`, `tick`), and carries out, in order, what each
returns. Nothing that a client sends makes these raise.
"""

import logging
import math
import secrets
import uuid
from collections.abc import Callable, Hashable, Iterable

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.signaling.broker.actions import Action, Close, Probe, Send
from webrtc_bridge.signaling.broker.clients import ANYBODY, Client, Clients
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.broker.session_router import SessionRouter, send_to
from webrtc_bridge.signaling.broker.session_table import Peer, SessionTable
from webrtc_bridge.signaling.protocol.close_codes import TAKEN_OVER, CloseCode
from webrtc_bridge.signaling.protocol.messages import (
    ErrorReply,
    IceServer,
    IceServersChanged,
    Message,
    ReceiverExit,
    Register,
    Registered,
    Role,
    SenderExit,
    SenderPresent,
)
from webrtc_bridge.signaling.protocol.wire import (
    parse_from_peer,
    parse_register,
    to_text,
)

logger = logging.getLogger(__name__)


class Broker:
    """
    Apply the rules of docs/protocol.md.

    `ice_servers` returns the ICE servers for the peer of an id; `make_peer_id` and
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
        self._clients = Clients(self._limits)
        self._table = SessionTable()
        self._router = SessionRouter(self._table, self._limits, make_session_id)

    def count(self, role: Role) -> int:
        """Return how many peers of `role` have a socket."""
        return sum(1 for _ in self._table.connected(role))

    @property
    def sessions(self) -> int:
        """Number of sessions that are remembered."""
        return len(self._table)

    def connect(
        self,
        connection: Hashable,
        now: float,
        rights: Rights = ANYBODY,
        expires: float = math.inf,
        address: str = '',
    ) -> None:
        """
        Add a new socket, which has to register.

        It is closed when `rights` have expired, by the same clock as `now`. Those with the same
        token, or without one from the same `address`, have one share of what is limited.
        """
        self._clients.add(connection, now, rights, expires, rights.proof or address)

    def register(self, connection: Hashable, register: Register, now: float) -> list[Action]:
        """Register a socket whose path names its role; refuse one that cannot be registered."""
        client = self._clients[connection]
        try:
            return self._register(client, register, now)
        except MessageError as error:
            return self.refuse(connection, error, now)

    def refuse(self, connection: Hashable, error: MessageError, now: float) -> list[Action]:
        """Reply with `error` to a socket that is of no use afterwards, and close it."""
        client = self._clients[connection]
        return [*self._error(client, error), *self._close(client, error.code, now)]

    def receive(self, connection: Hashable, text: str, now: float) -> list[Action]:
        """Handle one text message."""
        client = self._clients.get(connection)
        if client is None:
            return []  # closed while the message was on its way
        if not client.may_send(now, len(text)):
            return self._drop(client, now)
        try:
            if client.peer is None:
                return self._register(client, parse_register(text), now)
            envelope = parse_from_peer(text, client.peer.role)
            return self._router.route(client.peer, envelope, now)
        except MessageError as error:
            return self._error(client, error)

    def control_frame(self, connection: Hashable, now: float) -> list[Action]:
        """Count a ping or pong, which the server answers itself, as a message."""
        client = self._clients.get(connection)
        if client is None or client.may_send(now):
            return []
        return self._drop(client, now)

    def disconnect(self, connection: Hashable, now: float) -> list[Action]:
        """Note that a socket is gone; idempotent."""
        client = self._clients.remove(connection)
        if client is None or client.peer is None:
            return []
        peer = client.peer
        self._table.leave(peer, now)
        logger.info('%s %s left', peer.role.value, peer.id)
        self._table.forget_absent(now - self._limits.absence, self._limits.max_absent)
        if peer.role is Role.SENDER:
            return self._to_receivers(SenderExit(peer.id), peer.id)
        actions: list[Action] = []
        for session in peer.sessions.values():
            actions += send_to(session.sender, ReceiverExit(peer.id))
        return actions

    def tick(self, now: float) -> list[Action]:
        """Do what is due; about once a second is often enough."""
        actions: list[Action] = []
        for client in self._clients.overdue(now):
            actions += self._close(client, 'no register in time', now)
        for client in self._clients.expired(now):
            actions += self._close(client, 'token: expired', now)
        actions += self._router.end_overdue(now)
        actions += self._renew_ice_servers(now)
        self._table.forget_absent(now - self._limits.absence, self._limits.max_absent)
        return actions

    def _register(self, client: Client, register: Register, now: float) -> list[Action]:
        role = register.role
        peer_id = register.id or self._make_peer_id()
        if forbidden := client.rights.what_forbids(role, peer_id):
            raise MessageError('forbidden', forbidden, Register.TYPE)
        actions = self._free(client, register, peer_id)
        peer = self._table.enter(role, peer_id, register.name, client.connection, client.rights)
        self._clients.set_peer(client, peer)
        name, key = printable(register.name), client.rights.key
        logger.info('%s %s registered, name %s, token %s', role.value, peer_id, name, key)
        missed, peer.missed = peer.missed, []
        client.ice_servers_sent = now
        servers = tuple(self._ice_servers(peer_id))
        actions += send_to(peer, Registered(peer_id, ice_servers=servers))
        actions += self._presence(peer)
        for bye in missed:
            actions += send_to(peer, bye)
        return actions

    def _free(self, client: Client, register: Register, peer_id: str) -> list[Action]:
        """Free the id for `client`; only its token takes over its socket and sessions."""
        known = self._table.peers[register.role].get(peer_id)
        if known is None:
            return []
        owns = client.rights.proof == known.rights.proof
        if known.connection is None:
            if not owns:
                # It does not get the sessions either.
                self._table.forget(known)
            return []
        if not (owns and client.rights.proof and register.takeover):
            raise _IdInUse(known)
        logger.info(
            '%s %s is taken over by a newer socket with its token', register.role.value, peer_id
        )
        old, known.connection = known.connection, None
        self._clients.remove(old)
        return [Close(old, CloseCode.POLICY, TAKEN_OVER)]

    def _renew_ice_servers(self, now: float) -> list[Action]:
        renewal = self._limits.ice_servers_renewal
        actions: list[Action] = []
        for client in self._clients if renewal else ():
            if client.peer and now - client.ice_servers_sent >= renewal:
                client.ice_servers_sent = now
                servers = tuple(self._ice_servers(client.peer.id))
                actions += send_to(client.peer, IceServersChanged(servers))
        return actions

    def _presence(self, peer: Peer) -> list[Action]:
        if peer.role is Role.SENDER:
            return self._to_receivers(SenderPresent(peer.id, peer.name), peer.id)
        actions: list[Action] = []
        for sender in self._table.connected(Role.SENDER):
            if peer.rights.covers(sender.id):
                actions += send_to(peer, SenderPresent(sender.id, sender.name))
        return actions

    def _to_receivers(self, message: Message, sender_id: str) -> list[Action]:
        text = to_text(message, Role.RECEIVER)
        return [
            Send(peer.connection, text)
            for peer in self._table.connected(Role.RECEIVER)
            if peer.rights.covers(sender_id)
        ]

    def _error(self, client: Client, error: MessageError) -> list[Action]:
        logger.debug('%s: %s', client, error)
        reply = ErrorReply(error.code, error.message, error.ref, error.sender_id)
        actions: list[Action] = [Send(client.connection, to_text(reply, Role.SENDER))]
        if isinstance(error, _IdInUse):
            actions.append(Probe(error.incumbent))
        return actions

    def _drop(self, client: Client, now: float) -> list[Action]:
        client.dropped += 1
        if client.dropped > self._limits.max_dropped:
            return self._close(client, 'too many messages', now)
        if client.dropped > 1:
            return []
        rate = self._limits.message_rate
        text = f'message: dropped; at most {rate:g} a second are allowed'
        return self._error(client, MessageError('rate_limited', text))

    def _close(self, client: Client, reason: str, now: float) -> list[Action]:
        close: list[Action] = [Close(client.connection, CloseCode.POLICY, reason)]
        return close + self.disconnect(client.connection, now)


class _IdInUse(MessageError):
    """The id belongs to a live socket, `incumbent`."""

    def __init__(self, peer: Peer) -> None:
        text = f'id: {peer.id} is in use by another {peer.role.value}'
        super().__init__('id_in_use', text, Register.TYPE)
        self.incumbent = peer.connection
