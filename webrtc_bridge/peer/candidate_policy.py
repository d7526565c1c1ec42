"""
Decide, without I/O, which addresses of a peer this machine sends to.

A candidate makes us send datagrams to whatever address it names, and the server that passed it on
cannot know what that address is here. Private ranges are ordinary: robots live there.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from webrtc_bridge.errors import printable
from webrtc_bridge.signaling.protocol.messages import IceServer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

OwnAddresses = Callable[[], Iterable[str]]
'Returns the addresses of this machine.'

METADATA = frozenset(
    map(ipaddress.ip_address, ('169.254.169.254', '169.254.170.2', 'fd00:ec2::254'))
)
'The addresses at which machines of cloud providers get their credentials.'

NOWHERE = (ipaddress.ip_network('0.0.0.0/8'), ipaddress.ip_network('240.0.0.0/4'))
"""
RFC 6890: this network, which Linux takes for the machine itself, and the reserved addresses, with
broadcast.
"""


@dataclass(frozen=True)
class CandidatePolicy:
    """
    The rules for a session's candidates.

    Any address of a TURN server among `ice_servers` may be a peer's, because its relays are there.
    With `relay_only` every address may: only the TURN server sends to them, by its own policy.
    """

    own_addresses: OwnAddresses
    ice_servers: Iterable[IceServer] = ()
    relay_only: bool = False

    def why_not(self, line: str) -> str:
        """Return why nothing is sent to a candidate, given as its line of SDP; '' if it is."""
        words = line.split()
        if len(words) < 8 or ' '.join(words) != line.strip():
            return f'{printable(line)} cannot be read'  # at least not by all in the same way
        host = words[4]
        if self.relay_only or host.endswith('.local'):  # a browser's mDNS name
            return ''
        try:
            address = plain(host)
        except ValueError:
            return f'{printable(host)} is not an address'
        kind = self._forbidden_kind(address)
        return f'{host} is {kind}' if kind and address not in turn_hosts(self.ice_servers) else ''

    def _forbidden_kind(self, address: Address) -> str:
        """
        Return the kind of `address` if it is one that no peer can have; otherwise ''.

        Loopback is accepted if this machine has no other address: its peer must be on it, too.
        Link-local is accepted if this machine has such an address, as on a cable without DHCP;
        otherwise it does not lead where the peer meant.
        """
        if address in METADATA:
            return "a cloud's metadata service"
        if address.is_multicast:
            return 'multicast'
        if address.is_unspecified or any(address in network for network in NOWHERE):
            return 'not an address of a machine'
        if address.is_loopback and not all(own.is_loopback for own in self._own()):
            return 'loopback'
        if address.is_link_local and not any(
            own.is_link_local and own.version == address.version for own in self._own()
        ):
            return 'link-local'
        return ''

    def _own(self) -> list[Address]:
        return [plain(host) for host in self.own_addresses()]


def plain(host: str) -> Address:
    """Return `host` as an address, IPv4-mapped IPv6 as IPv4. Raises: ValueError."""
    if not host.isprintable():
        raise ValueError('ipaddress takes anything for the zone of an IPv6 address')
    address = ipaddress.ip_address(host)
    return getattr(address, 'ipv4_mapped', None) or address


def turn_hosts(ice_servers: Iterable[IceServer]) -> set[Address]:
    """Return the addresses of the TURN servers that are given by address."""
    hosts = set()
    for server in ice_servers:
        for url in server.urls:
            scheme, _, rest = url.partition(':')
            if scheme in ('turn', 'turns'):
                with contextlib.suppress(ValueError):
                    host = urlsplit(f'//{rest}').hostname or ''
                    hosts.add(plain('127.0.0.1' if host == 'localhost' else host))
    return hosts
