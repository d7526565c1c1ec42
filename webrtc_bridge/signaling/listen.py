"""Open the listening sockets of a server."""

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Callable

from webrtc_bridge.errors import OptionError, ServeError

KERNEL_BUFFER = 131072
'Bytes that the kernel keeps for a reader; Linux doubles it.'


async def listen(
    make_protocol: Callable[[], asyncio.Protocol], host: str, port: int
) -> asyncio.Server:
    """
    Listen on each address of `host`; with port 0 on the first alone, since ports would differ.

    Raises: OptionError, ServeError.
    """
    loop = asyncio.get_running_loop()
    if not host or not host.isprintable():
        raise OptionError('host', host, 'an address or a name; 0.0.0.0 is every interface')
    try:
        found = await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        server = await loop.create_server(
            make_protocol, addresses if port else addresses[:1], port, backlog=512
        )
    except OSError as error:
        raise ServeError(host, port, _reason(error)) from error
    except ValueError as error:  # UnicodeError for a name that no DNS can have.
        raise OptionError('host', host, 'an address or a name') from error
    for listener in server.sockets:
        # Accepted sockets inherit it. Left alone, Linux lets one that is not read hold 4 MB.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    return server


def is_loopback(host: str) -> bool:
    """Say whether nobody but this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host.partition('%')[0]).is_loopback
    except ValueError:
        return host == 'localhost'


def url_of(host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens on `host`."""
    reachable = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host)
    return f'ws://[{reachable}]:{port}' if ':' in reachable else f'ws://{reachable}:{port}'


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return 'no such host'
    if error.errno == errno.EADDRNOTAVAIL:
        return 'this machine does not have that address'
    return os.strerror(error.errno).lower() if error.errno else str(error)
