"""Detect that this machine has lost an address, and so the connections from it."""

import asyncio
import errno
import socket

INTERVAL = 1.0
'Seconds between two checks. The kernel reports nothing, and heartbeats take up to 9 s.'


async def wait_until_lost(transport: asyncio.BaseTransport) -> None:
    """Wait until this machine has lost the address at this end of `transport`."""
    address = transport.get_extra_info('sockname')
    while not address or is_own(address):  # noqa: ASYNC110, no event to wait for
        await asyncio.sleep(INTERVAL)


def is_own(address: tuple[str, int] | tuple[str, int, int, int]) -> bool:
    """Return False if no socket can be bound to `address`, on any port, because of the address."""
    host, _, *scope = address
    family = socket.AF_INET6 if scope else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0, *scope))
    except OSError as error:  # others tell nothing, such as that no more files may be opened
        return error.errno != errno.EADDRNOTAVAIL
    return True
