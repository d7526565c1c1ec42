"""Filter UDP datagrams: take STUN from anywhere, everything else from the peer alone."""

import asyncio
import functools
import logging
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import aioice.ice
import aioice.stun
from aiortc import RTCPeerConnection

_open_sockets: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()
"""
The sockets of each ICE connection. aioice keeps those that it has bound in a local variable until
all are, and forgets them if it is cancelled before. The event loop keeps open sockets alive.
"""

LAST_STUN_BYTE = 3
'STUN starts with a byte up to this; media and DTLS with a higher one (RFC 7983, section 7).'

MOST_REMOTE = 128
"""
Addresses that a peer may have. Its description has 64 at most; aioice takes any number of others
that send a check with the right password, and sends checks of its own to each.
"""

logger = logging.getLogger(__name__)


class GuardedStunProtocol(aioice.ice.StunProtocol):
    """
    One local candidate's socket, or its relay on a TURN server.

    aioice passes on everything that is not STUN, whoever sent it: an empty datagram ends the
    session, and a DTLS ClientHello that comes before the peer's own makes both ends fail. Other
    errors of its parser have come up in production (aiortc/aioice#79).
    """

    def __init__(self, receiver: Any) -> None:
        super().__init__(receiver)
        self.dropped = 0
        self.heard = False
        self._sources: set[tuple[Any, ...]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the socket, which exists from now on, with its ICE connection."""
        super().connection_made(transport)
        _open_sockets.setdefault(self.receiver, WeakSet()).add(self)
        if self.receiver._closing:
            transport.close()

    def datagram_received(self, data: Any, addr: tuple[Any, ...]) -> None:
        """Take a datagram; cheaper for media than in aioice, which parses each one as STUN."""
        source = addr[:2]
        if data and data[0] > LAST_STUN_BYTE and (source in self._sources or self._learn(source)):
            self.heard = True
            self.receiver.data_received(data, self.local_candidate.component)
        elif is_stun(data) and self._has_room_for(source):
            self._take_stun(data, source)
        else:
            self.dropped += 1

    def _learn(self, source: tuple[Any, ...]) -> bool:
        """Return whether `source` is a candidate of the peer, or proved itself by its password."""
        early: Any = self.receiver._early_checks
        known = self._is_candidate(source) or any(address == source for _, address, _ in early)
        if known:
            self._sources.add(source)
        return known

    def _is_candidate(self, source: tuple[Any, ...]) -> bool:
        remote: Any = self.receiver._remote_candidates
        return any((one._network_host, one.port) == source for one in remote)

    def _has_room_for(self, source: tuple[Any, ...]) -> bool:
        remote: Any = self.receiver._remote_candidates
        return len(remote) < MOST_REMOTE or self._is_candidate(source)

    def _take_stun(self, data: bytes, source: tuple[Any, ...]) -> None:
        try:
            super().datagram_received(data, source)
        except Exception as error:  # what is missing in a message is a KeyError in aioice
            self.dropped += 1
            logger.debug('STUN of %s dropped: %r', source, error)


def is_stun(data: bytes) -> bool:
    """Return whether `data` is a STUN message that aioice can read."""
    if not data or data[0] > LAST_STUN_BYTE:
        return False
    try:
        aioice.stun.parse_message(data)
    except Exception:  # besides its ValueError, that of `struct` for an attribute that is cut
        return False
    return True


def heard(connection: Any) -> bool:
    """Return whether the peer of an ICE connection has sent anything since the last call."""
    protocols = [one for one in connection._protocols if one.heard]
    for protocol in protocols:
        protocol.heard = False
    return bool(protocols)


@functools.cache
def guard_udp() -> None:
    """Give the guard to every ICE connection that is made from now on."""
    module: Any = aioice.ice
    module.StunProtocol = GuardedStunProtocol


def dropped_datagrams(connection: RTCPeerConnection) -> int:
    """Return the number of datagrams that were dropped; call it before `connection` is closed."""
    return sum(protocol.dropped for protocol in _sockets_of(connection))


def close_sockets(connection: RTCPeerConnection) -> None:
    """Close the sockets that `connection` has left open; to be called once it is closed."""
    for protocol in _sockets_of(connection):
        protocol.transport.close()


def _sockets_of(connection: RTCPeerConnection) -> Iterator[Any]:
    private: Any = connection
    for transport in private._RTCPeerConnection__iceTransports:
        yield from tuple(_open_sockets.get(transport._connection, ()))
