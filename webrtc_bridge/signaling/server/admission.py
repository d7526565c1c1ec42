"""Limits on WebSockets: the pages that may open them, and their number."""

import ipaddress
import logging
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

RESERVED_FILES = 24
'Files that the program itself may open: its log, libraries, the event loop, listeners.'

MAX_WAITING = 128
'Connections that may wait for their HTTP header.'

LOCAL_ZONES = ('.local', '.localhost', '.test', '.internal', '.home.arpa', '.lan')
"""
Zones in which no name can be registered: RFC 6761 and RFC 6762, RFC 8375, ICANN resolution
2024.07.29.06; .lan, which many routers use, is not delegated either.
"""

logger = logging.getLogger(__name__)


class Admission:
    """
    Count the sockets, in all and for each address; an IPv6 /64 is one address.

    Where there are tokens, each has a share of its own: behind a proxy all have one address.
    """

    def __init__(self, max_sockets: int, max_per_address: int) -> None:
        self._max_sockets = max_sockets
        self._max_per_address = max_per_address
        self._total = 0
        self._by_address: Counter[tuple[str, bytes]] = Counter()

    def enter(self, address: str, proof: bytes = b'') -> bool:
        """Count one more socket; return False, and count nothing, if it is one too many."""
        source = network_of(address), proof
        if self._total >= self._max_sockets or self._by_address[source] >= self._max_per_address:
            return False
        self._total += 1
        self._by_address[source] += 1
        return True

    def leave(self, address: str, proof: bytes = b'') -> None:
        """Count one socket fewer; once for each `enter` that returned True."""
        source = network_of(address), proof
        self._total -= 1
        self._by_address[source] -= 1
        if not self._by_address[source]:
            del self._by_address[source]


def network_of(address: str) -> str:
    """Return the unit that is counted: the address, for IPv6 its /64."""
    try:
        parsed = ipaddress.ip_address(address.partition('%')[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def may_connect(origin: str | None, host: str, allowed: Iterable[str], *, any_name: bool) -> bool:
    """
    Return whether a page of `origin` may open a WebSocket to the server it knows as `host`.

    Programs other than browsers send no Origin. A page may connect to the server it came from, but
    unless `any_name`, only under a name that no stranger can have registered: otherwise their page
    could point its own name to this machine (DNS rebinding), and be of the same origin.
    """
    if origin is None:
        return True
    if origin.lower().rstrip('/') in {page.lower().rstrip('/') for page in allowed}:
        return True
    try:
        parts = urlsplit(origin)
        page = (parts.hostname, parts.port or _default_port(parts.scheme))
        parts = urlsplit(f'{parts.scheme}://{host}')
        own = (parts.hostname, parts.port or _default_port(parts.scheme))
        return page[0] is not None and page == own and (any_name or _is_local_name(page[0]))
    except ValueError:
        return False


def _is_local_name(name: str) -> bool:
    if '.' not in name or name.endswith(LOCAL_ZONES):
        return True
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _default_port(scheme: str) -> int:
    return {'http': 80, 'https': 443}.get(scheme, 0)


def sockets_within_files(max_sockets: int) -> tuple[int, int]:
    """
    Return how many sockets, and how many waiting connections, the process has files for.

    Raises the soft limit of open files where that helps and is allowed.
    """
    if resource is None:
        return max_sockets, MAX_WAITING
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_sockets + MAX_WAITING + 4 * RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return max_sockets, MAX_WAITING
    free = max(8, soft - RESERVED_FILES)
    waiting = min(MAX_WAITING, free // 4)
    sockets = min(max_sockets, free - waiting)
    if sockets < max_sockets:
        logger.warning('open files are limited to %d: at most %d sockets', soft, sockets)
    return sockets, waiting
