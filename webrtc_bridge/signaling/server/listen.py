"""Open the listening sockets of a server."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable

from webrtc_bridge.errors import OptionError, ServeError, UnprotectedError, describe
from webrtc_bridge.program.addresses import host_and_port, interface_addresses

KERNEL_BUFFER = 131072
'Bytes that the kernel buffers for a reader; Linux doubles it.'

PROBES = {'0.0.0.0': '192.0.2.1', '::': '2001:db8::1'}
"""
Addresses that mean every interface, each with one beyond the default route (RFC 5737, RFC 3849).
"""


async def listen(
    make_protocol: Callable[[], asyncio.Protocol], host: str, port: int, *, exposed: bool
) -> asyncio.Server:
    """
    Listen on each address of `host`; with port 0 on the first only, since ports would differ.

    Unless `exposed`, refuse an address that other machines reach.

    Raises: OptionError, ServeError, UnprotectedError.
    """
    loop = asyncio.get_running_loop()
    if not host or not host.isprintable():
        raise OptionError('host', host, 'an address or a name; 0.0.0.0 is every interface')
    try:
        addresses = await addresses_of(host, port)
        server = await loop.create_server(
            make_protocol,
            addresses if port else addresses[:1],
            port,
            backlog=512,
            start_serving=False,
        )
        if not (exposed or is_local(server)):
            server.close()
            raise UnprotectedError(host)
        await server.start_serving()
    except OSError as error:
        raise ServeError(host, port, describe(error)) from error
    except ValueError as error:  # UnicodeError for a name that no DNS can have.
        raise OptionError('host', host, 'an address or a name') from error
    for listener in server.sockets:
        # Accepted sockets inherit it. Left alone, Linux lets one that is not read hold 4 MB.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    return server


async def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses to listen on; every interface of IPv6 is every one of IPv4, too."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    # asyncio makes IPv6 sockets for IPv6 alone, so that an IPv4 peer's address looks like one.
    return ['::', '0.0.0.0'] if addresses == ['::'] else addresses


def is_local(server: asyncio.Server) -> bool:
    """Return whether only this machine can reach `server`."""
    addresses = [listener.getsockname()[0].partition('%')[0] for listener in server.sockets]
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens on `host`."""
    reachable = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host)
    return f'{scheme}://{host_and_port(reachable, port)}'


def page_host(host: str) -> str:
    """Return `host`, or an address at which others reach a server on every interface."""
    if host not in PROBES:
        return host
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((PROBES[host], 9))  # sends nothing
        return str(probe.getsockname()[0])
    found = map(ipaddress.ip_address, own_addresses())
    usable = (ip for ip in found if not (ip.is_loopback or ip.is_link_local))
    version = 6 if ':' in host else 4
    return next((str(ip) for ip in usable if ip.version == version), host)


def own_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces."""
    if addresses := interface_addresses():
        return addresses
    found = socket.getaddrinfo(socket.gethostname(), None)
    return [str(info[4][0]).partition('%')[0] for info in found]
