"""The sockets that the broker knows, registered or not (sans-I/O)."""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from webrtc_bridge.signaling.broker.limits import Limits, TokenBucket
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.broker.session_table import Peer

ANYBODY = Rights()
KIB = 1024


@dataclass(eq=False, slots=True)
class Client:
    """One socket; `peer` is None until it has registered."""

    connection: Hashable
    since: float
    bucket: TokenBucket
    rights: Rights = ANYBODY
    expires: float = math.inf
    peer: Peer | None = None
    ice_servers_sent: float = 0.0
    'When it was last sent ICE servers.'
    owner: Hashable = ''
    'Its token, or its address where it has none.'
    dropped: int = 0
    'Messages above the rate limit since it last recovered.'

    def __str__(self) -> str:
        return f'{self.peer.role.value} {self.peer.id}' if self.peer else 'a socket without id'

    def may_send(self, now: float, size: int = 0) -> bool:
        """Count a message of `size` characters; return whether the rate limit allows it."""
        allowed = self.bucket.take(now, 1 + size // KIB)
        if allowed and self.dropped and self.bucket.recovered:
            self.dropped = 0
        return allowed


class Clients:
    """All sockets; those that have yet to register, and those with an expiry, are also listed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: dict[Hashable, Client] = {}
        self._unregistered: dict[Hashable, Client] = {}
        self._expiring: dict[Hashable, Client] = {}

    def __getitem__(self, connection: Hashable) -> Client:
        return self._clients[connection]

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients.values())

    def get(self, connection: Hashable) -> Client | None:
        """Return the client of a socket; None if it has been closed."""
        return self._clients.get(connection)

    def add(
        self, connection: Hashable, now: float, rights: Rights, expires: float, owner: Hashable
    ) -> None:
        """Add a socket, which has yet to register."""
        limits = self._limits
        bucket = TokenBucket(limits.message_rate, limits.message_burst, now)
        client = Client(connection, now, bucket, rights, expires, owner=owner)
        self._clients[connection] = self._unregistered[connection] = client
        if expires < math.inf:
            self._expiring[connection] = client

    def remove(self, connection: Hashable) -> Client | None:
        """Forget a socket, and return its client; None if it is forgotten already."""
        self._unregistered.pop(connection, None)
        self._expiring.pop(connection, None)
        return self._clients.pop(connection, None)

    def set_peer(self, client: Client, peer: Peer) -> None:
        """Note that a client has registered as `peer`."""
        client.peer = peer
        peer.owner = client.owner
        del self._unregistered[client.connection]

    def overdue(self, now: float) -> list[Client]:
        """Return the clients that should have registered by now."""
        timeout = self._limits.hello_timeout
        return [client for client in self._unregistered.values() if now - client.since >= timeout]

    def expired(self, now: float) -> list[Client]:
        """Return the clients whose rights have expired."""
        return [client for client in self._expiring.values() if client.expires <= now]
