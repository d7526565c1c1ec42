"""Open the listening sockets of a server."""

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Callable

from webrtc_bridge.errors import OptionError, ServeError, UnprotectedError

KERNEL_BUFFER = 131072
'Bytes that the kernel keeps for a reader; Linux doubles it.'


async def listen(
    make_protocol: Callable[[], asyncio.Protocol], host: str, port: int, *, exposed: bool
) -> asyncio.Server:
    """
    Listen on each address of `host`; with port 0 on the first alone, since ports would differ.

    Unless `exposed`, only where no other machine gets.

    Raises: OptionError, ServeError, UnprotectedError.
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
        raise ServeError(host, port, _reason(error)) from error
    except ValueError as error:  # UnicodeError for a name that no DNS can have.
        raise OptionError('host', host, 'an address or a name') from error
    for listener in server.sockets:
        # Accepted sockets inherit it. Left alone, Linux lets one that is not read hold 4 MB.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    return server


def is_local(server: asyncio.Server) -> bool:
    """Say whether nobody but this machine can reach `server`."""
    addresses = [listener.getsockname()[0].partition('%')[0] for listener in server.sockets]
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens on `host`."""
    reachable = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host)
    name = f'[{reachable}]' if ':' in reachable else reachable
    return f'{scheme}://{name}:{port}'


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return 'no such host'
    if error.errno == errno.EADDRNOTAVAIL:
        return 'this machine does not have that address'
    return os.strerror(error.errno).lower() if error.errno else str(error)
