"""The peers and their sessions: the broker's memory, without its rules."""

import enum
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from webrtc_bridge.signaling.broker.limits import Requests
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.messages import Bye, Role


class NegotiationState(enum.Enum):
    """Progress of a session's negotiation."""

    REQUESTED = 'requested'
    OFFERED = 'offered'
    ANSWERED = 'answered'


@dataclass(eq=False, slots=True)
class Peer:
    """A registered id; it outlives its socket, `connection`, for a while."""

    role: Role
    id: str
    name: str
    connection: Hashable | None = None
    left_at: float = 0.0
    sessions: dict[str, 'BrokeredSession'] = field(default_factory=dict)
    'By the id of the other party.'
    rights: Rights = field(default_factory=Rights)
    owner: Hashable = ''
    'Its token, or its address where it has none: the peers of one owner have one share.'
    requests: Requests = field(default_factory=Requests)
    missed: list[Bye] = field(default_factory=list)
    'Sessions that ended while it had no socket; never more than it had sessions then.'


@dataclass(eq=False, slots=True)
class BrokeredSession:
    """An attempt of a receiver to get a sender's video."""

    id: str
    sender: Peer
    receiver: Peer
    requested_at: float
    state: NegotiationState = NegotiationState.REQUESTED
    candidates: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(Role, 0))

    def other(self, peer: Peer) -> Peer:
        """Return the other party."""
        return self.receiver if peer is self.sender else self.sender


class SessionTable:
    """All peers and sessions; absent peers and pending sessions are also listed, oldest first."""

    def __init__(self) -> None:
        self.peers: dict[Role, dict[str, Peer]] = {role: {} for role in Role}
        self._absent: dict[Peer, None] = {}
        self._pending: dict[BrokeredSession, None] = {}
        self._sessions = 0

    def __len__(self) -> int:
        return self._sessions

    def connected(self, role: Role) -> Iterator[Peer]:
        """Yield the peers of `role` that have a socket."""
        return (peer for peer in self.peers[role].values() if peer.connection is not None)

    def enter(
        self, role: Role, peer_id: str, name: str, connection: Hashable, rights: Rights
    ) -> Peer:
        """Give the id a socket; return its peer, known or new."""
        peer = self.peers[role].setdefault(peer_id, Peer(role, peer_id, name))
        peer.name = name
        peer.connection = connection
        peer.rights = rights
        peer.requests.clear()
        self._absent.pop(peer, None)
        return peer

    def leave(self, peer: Peer, now: float) -> None:
        """Take the socket from `peer`; without sessions it is forgotten at once."""
        peer.connection = None
        peer.left_at = now
        if peer.sessions:
            self._absent[peer] = None
        else:
            del self.peers[peer.role][peer.id]

    def open(self, session_id: str, sender: Peer, receiver: Peer, now: float) -> BrokeredSession:
        """Return a new session of a pair that has none."""
        session = BrokeredSession(session_id, sender, receiver, now)
        sender.sessions[receiver.id] = receiver.sessions[sender.id] = session
        self._pending[session] = None
        self._sessions += 1
        return session

    def advance(self, session: BrokeredSession, state: NegotiationState) -> None:
        """Set the progress of the negotiation."""
        session.state = state
        if state is NegotiationState.ANSWERED:
            self._pending.pop(session, None)

    def end(self, session: BrokeredSession) -> None:
        """Forget the session."""
        del session.sender.sessions[session.receiver.id]
        del session.receiver.sessions[session.sender.id]
        self._pending.pop(session, None)
        self._sessions -= 1

    def overdue(self, before: float) -> list[BrokeredSession]:
        """Return the sessions that were requested by time `before` and have no answer."""
        overdue = []
        for session in self._pending:
            if session.requested_at > before:
                break
            overdue.append(session)
        return overdue

    def forget_absent(self, before: float, keep: int) -> None:
        """Forget the peers that left by time `before`, and all but the `keep` that left last."""
        while self._absent:
            peer = next(iter(self._absent))
            if peer.left_at > before and len(self._absent) <= keep:
                return
            self.forget(peer)

    def forget(self, peer: Peer) -> None:
        """Forget a peer without a socket, and its sessions."""
        for session in list(peer.sessions.values()):
            self.end(session)
        del self._absent[peer]
        del self.peers[peer.role][peer.id]
