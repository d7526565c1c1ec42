"""Patches to aioice's gathering and connectivity checks."""

import asyncio
import functools
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import aioice.ice
import aioice.stun
import ifaddr
from aiortc import RTCRtpReceiver

from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl
from webrtc_bridge.program.addresses import best_first, interface_addresses

CHECK_INTERVAL = 0.02
"aioice's seconds between two checks."

RETRY_INTERVAL, MOST_RETRIES = 0.5, 30
"""
Seconds between two requests, and the number of requests after the first: they end with the time
that a session has to connect.
"""


BRIDGE_PORT = '/sys/class/net/{}/brport'
'Exists for the interface of a virtual machine or container, which Linux gives an address as well.'


@functools.cache
def offer_best_addresses(most: int) -> None:
    """
    Offer the `most` addresses of this machine that others most likely reach; each is a socket.

    Two machines on a cable without DHCP may have IPv6 link-local addresses alone, which aioice
    leaves out. Without a network there is only 127.0.0.1, by which two peers on one machine can
    meet; aioice never offers it (aiortc/aiortc#524), so a laptop could not run a demo.
    """
    addresses_of_interfaces = aioice.ice.get_host_addresses

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        addresses: list[str] = addresses_of_interfaces(use_ipv4, use_ipv6)
        if use_ipv6:
            addresses += only_link_local()
        return best_first(addresses)[:most] or (['127.0.0.1'] if use_ipv4 else [])

    aioice.ice.get_host_addresses = get_host_addresses


def only_link_local() -> list[str]:
    """Return the IPv6 link-local addresses, with their zones, of interfaces without others."""
    return [
        f'{ip.ip[0]}%{adapter.name}'
        for adapter in ifaddr.get_adapters()
        if not any(isinstance(ip.ip, str) or not ip.ip[2] for ip in adapter.ips)
        and not Path(BRIDGE_PORT.format(adapter.name)).exists()
        for ip in adapter.ips
    ]


def own_addresses() -> list[str]:
    """Return the addresses of this machine that are offered to peers."""
    try:
        addresses: list[str] = aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    except OSError:  # no more files may be opened
        return interface_addresses()
    return addresses


@functools.cache
def connect_on_check_success() -> None:
    """
    Let `connect` return when a check has succeeded, not with the next tick of the checks' clock.

    aioice sleeps for 20 ms between two checks (Ta of RFC 8445, section 14.2), and after the last
    one, before it looks at their results: 19 of the 22 ms that a path over loopback takes. The
    checks themselves are as far apart as they were.
    """
    connection_class: Any = aioice.ice.Connection
    start_next_check = connection_class._check_periodic

    def check_beside(connection: Any) -> None:
        if not connection._closing and start_next_check(connection):
            asyncio.get_running_loop().call_later(CHECK_INTERVAL, check_beside, connection)

    def check_periodic(connection: Any) -> bool:
        if not connection._check_list:  # `connect` fails without, though candidates may come
            return bool(start_next_check(connection)) or gathers(connection)
        check_beside(connection)
        return False

    connection_class._check_periodic = check_periodic


@functools.cache
def use_constant_stun_retry() -> None:
    """
    Repeat a request every `RETRY_INTERVAL`, whereas aioice waits twice as long each time.

    A link that comes back while the peers look for a path is then found within half a second, not
    after up to 8 s.
    """
    transaction_class: Any = aioice.stun.Transaction
    retry = transaction_class._Transaction__retry

    def retry_soon(transaction: Any) -> None:
        transaction._Transaction__timeout_delay = RETRY_INTERVAL
        retry(transaction)

    transaction_class._Transaction__retry = retry_soon
    aioice.stun.RETRY_MAX = MOST_RETRIES


class Gathering(Protocol):
    """Asks the servers of one session for addresses."""

    @property
    def pending(self) -> bool:
        """Whether more candidates may come."""

    async def ask(self, query: 'StunQuery | TurnQuery') -> None:
        """Start to ask the servers of the kind of `query`."""


def gathers(connection: Any) -> bool:
    """Return whether `connection` may still get candidates from a server."""
    gathering = _gathering_of.get(connection)
    return gathering is not None and gathering.pending


_gathering: ContextVar[Gathering | None] = ContextVar('gathering', default=None)
_gathering_of: WeakKeyDictionary[Any, Gathering] = WeakKeyDictionary()


@contextmanager
def asking_all(gathering: Gathering) -> Iterator[None]:
    """Let `gathering` ask the servers for the connections that gather in this context."""
    ask_every_ice_server()
    token = _gathering.set(gathering)
    try:
        yield
    finally:
        _gathering.reset(token)


@functools.cache
def ask_every_ice_server() -> None:
    """
    Let aioice leave its queries to the gathering of `asking_all`.

    It would ask one server of each kind (aiortc/aioice#3), and have no candidate at all until that
    has answered or 5 s are over, since it does not trickle (aiortc/aioice#4). A TURN server that
    cannot be reached would even fail the gathering (aiortc/aioice#78).
    """
    ask_stun = aioice.ice.server_reflexive_candidate
    ask_turn = aioice.ice.relayed_candidate

    async def server_reflexive_candidate(protocol: Any, stun_server: tuple[str, int]) -> Any:
        gathering = _gathering.get()
        if gathering is None:
            return await ask_stun(protocol, stun_server)
        _gathering_of[protocol.receiver] = gathering
        await gathering.ask(StunQuery(ask_stun, protocol))
        raise ConnectionError  # to aioice, which continues; answers are added when they come

    async def relayed_candidate(**options: Any) -> Any:
        gathering = _gathering.get()
        if gathering is None:
            return await ask_turn(**options)
        _gathering_of[options['protocol_factory']().receiver] = gathering
        await gathering.ask(TurnQuery(ask_turn, options))
        raise ConnectionError

    aioice.ice.server_reflexive_candidate = server_reflexive_candidate
    aioice.ice.relayed_candidate = relayed_candidate


class StunQuery:
    """Ask STUN servers for the address of the socket of `protocol`; a `ServerQuery`."""

    relays = False

    def __init__(self, ask_stun: Any, protocol: Any) -> None:
        self._ask_stun = ask_stun
        self._protocol = protocol

    async def ask(self, server: IceServerUrl) -> Any:
        """Return what aioice makes of the answer of `server`."""
        return await self._ask_stun(self._protocol, **server.options)

    def use(self, answer: Any) -> Any:
        """Let the connection use the address."""
        return add_candidate(self._protocol.receiver, answer)

    def discard(self, answer: Any) -> None:
        """Do nothing: an address costs nobody anything."""


class TurnQuery:
    """Ask TURN servers for a relay, with aioice's `options`; a `ServerQuery`."""

    relays = True

    def __init__(self, ask_turn: Any, options: dict[str, Any]) -> None:
        self._ask_turn = ask_turn
        self._options = options

    async def ask(self, server: IceServerUrl) -> Any:
        """Return what aioice makes of the answer of `server`."""
        return await self._ask_turn(**self._options | server.options)

    def use(self, answer: Any) -> Any:
        """Let the connection use the relay."""
        return add_candidate(answer[1].receiver, answer)

    def discard(self, answer: Any) -> None:
        """Give the relay back."""
        _, protocol = answer
        protocol.transport.close()


def add_candidate(connection: Any, answer: tuple[Any, Any]) -> Any:
    """Let `connection` use a server's answer; return the candidate, which the peer needs."""
    candidate, relay = answer
    connection._local_candidates.append(candidate)
    if relay is None:
        return candidate  # its packets go by the socket of a host candidate, which has its checks
    connection._protocols.append(relay)
    for remote in connection._remote_candidates:
        connection._pair_remote_candidate(remote)
    connection.sort_check_list()
    if connection._early_checks_done:  # else `connect` is still to come
        connection._check_periodic()
    return candidate


def selected_path(receiver: RTCRtpReceiver) -> str:
    """Return the pair of candidates in use, as `type address -> type address`; '' without one."""
    connection: Any = receiver.transport.transport
    pair = connection._connection._nominated.get(1)
    if pair is None:
        return ''
    ends = (pair.local_candidate, pair.remote_candidate)
    return ' -> '.join(f'{end.type} {end.host}:{end.port}' for end in ends)


@functools.cache
def check_nearest_first() -> None:
    """
    Sort pairs of the same priority by how many leading bits their addresses share.

    aioice gives all addresses of a machine the same priority, and starts a check every 20 ms: with
    40 of them, as hosts of containers have, and three of the peer the one that works was found
    after up to 2.4 s. Machines in one network share its prefix (as rule 9 of RFC 6724).
    """
    connection_class: Any = aioice.ice.Connection
    sort_by_priority = connection_class.sort_check_list

    def sort_check_list(connection: Any) -> None:
        connection._check_list.sort(key=_distance)
        sort_by_priority(connection)  # which keeps the order of equals

    connection_class.sort_check_list = sort_check_list


def _distance(pair: Any) -> int:
    return distance(pair.local_candidate.host, pair.remote_candidate._network_host)


@functools.lru_cache(maxsize=1024)
def distance(one: str, other: str) -> int:
    """Return the number of bits of an address from the first that two addresses do not share."""
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    return (int(a) ^ int(b)).bit_length() if a.version == b.version else a.max_prefixlen
