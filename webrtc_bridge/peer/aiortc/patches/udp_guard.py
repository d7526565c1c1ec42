"""Filter UDP datagrams: take STUN from anywhere, everything else from the peer alone."""

import functools
import logging
from typing import Any

import aioice.ice
import aioice.stun
from aiortc import RTCPeerConnection

LAST_STUN_BYTE = 3
'STUN starts with a byte up to this; media and DTLS with a higher one (RFC 7983, section 7).'

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
        self._sources: set[tuple[Any, ...]] = set()

    def datagram_received(self, data: Any, addr: tuple[Any, ...]) -> None:
        """Take a datagram; cheaper for media than in aioice, which parses each one as STUN."""
        source = addr[:2]
        if data and data[0] > LAST_STUN_BYTE and (source in self._sources or self._learn(source)):
            self.receiver.data_received(data, self.local_candidate.component)
        elif is_stun(data):
            self._take_stun(data, source)
        else:
            self.dropped += 1

    def _learn(self, source: tuple[Any, ...]) -> bool:
        """Return whether `source` is a candidate of the peer, or proved itself by its password."""
        connection: Any = self.receiver
        known = any(
            (candidate._network_host, candidate.port) == source
            for candidate in connection._remote_candidates
        ) or any(address == source for _, address, _ in connection._early_checks)
        if known:
            self._sources.add(source)
        return known

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


@functools.cache
def guard_udp() -> None:
    """Give the guard to every ICE connection that is made from now on."""
    module: Any = aioice.ice
    module.StunProtocol = GuardedStunProtocol


def dropped_datagrams(connection: RTCPeerConnection) -> int:
    """Return the number of datagrams that were dropped; call it before `connection` is closed."""
    private: Any = connection
    transports = private._RTCPeerConnection__iceTransports
    protocols = (p for transport in transports for p in transport._connection._protocols)
    return sum(getattr(protocol, 'dropped', 0) for protocol in protocols)
