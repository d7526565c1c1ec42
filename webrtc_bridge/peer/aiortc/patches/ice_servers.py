"""STUN and TURN servers as aioice takes them, and what their errors mean."""

import logging
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aioice.stun import TransactionError, TransactionFailed
from aiortc import RTCIceServer
from aiortc.rtcicetransport import connection_kwargs

from webrtc_bridge.errors import describe, printable
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.signaling.protocol.messages import IceServer

LOGIN_REFUSED = (401, 441)
'Unauthorized, Wrong Credentials (RFC 8656, section 18).'

SILENT = 'no answer'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IceServerUrl:
    """One URL of a server; `options` is what aioice's `Connection` takes for it."""

    url: str
    options: dict[str, Any] = field(repr=False)  # holds the password

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return 'turn_server' in self.options

    @property
    def login(self) -> tuple[str | None, str | None]:
        """User name and password."""
        return self.options.get('turn_username'), self.options.get('turn_password')


def usable_servers(servers: Iterable[IceServer]) -> list[IceServerUrl]:
    """Return the URLs of `servers` that aioice can use; log the others."""
    usable = []
    for server in servers:
        login = server.username or None, server.credential or None
        for url in server.urls:
            try:
                options = connection_kwargs([RTCIceServer(url, *login)])
                if not options:
                    raise ValueError('not supported')
            except Exception as error:
                shown = printable(without_credentials(url))
                logger.warning('ICE server %s ignored: %s', shown, printable(error))
            else:
                usable.append(IceServerUrl(url, options))
    return usable


def reason_of(error: BaseException) -> str:
    """Return in words, without credentials, why a server gave no address."""
    if isinstance(error, TransactionFailed):
        code, phrase = error.response.attributes.get('ERROR-CODE', (0, ''))
        reply = f'{code} {phrase}'.strip()
        if code in LOGIN_REFUSED:
            return f'login refused ({reply}): the user name or password is wrong or has expired'
        return f'refused ({reply})'
    if isinstance(error, TransactionError | TimeoutError):
        return SILENT
    if isinstance(error, socket.gaierror):
        return describe(error)
    if isinstance(error, ssl.SSLError):
        return f'no TLS: {describe(error)}'
    if isinstance(error, OSError):
        return f'not reachable: {describe(error)}'
    return printable(error)
