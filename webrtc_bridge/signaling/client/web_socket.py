"""A client's WebSocket to the signaling server: its options, and why it was closed."""

import inspect
import logging
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from webrtc_bridge.errors import printable
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.wire import MAX_MESSAGE

OPEN_TIMEOUT = 5.0
PING_INTERVAL = 5.0
PING_TIMEOUT = 4.0
'Seconds; a server that vanishes is noticed after at most the sum of both.'

CLOSE_TIMEOUT = 0.5

logger = logging.getLogger(__name__)
# At DEBUG websockets logs each header, and one of them is the token.
logger.setLevel(logging.WARNING)


class Connect(connect):
    """Follow no redirect: a server that redirects is not one of ours."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return `exc`, to be raised."""
        return exc


def connect_options(access: ServerAccess) -> dict[str, Any]:
    """Return the arguments for `Connect`, other than the URL."""
    options: dict[str, Any] = {
        'compression': None,
        'max_size': MAX_MESSAGE,
        'open_timeout': OPEN_TIMEOUT,
        'ping_interval': PING_INTERVAL,
        'ping_timeout': PING_TIMEOUT,
        'close_timeout': CLOSE_TIMEOUT,
        'logger': logger,
    }
    if access.tls:
        options |= {'ssl': access.tls, 'ssl_shutdown_timeout': CLOSE_TIMEOUT}
    if access.token:
        options['additional_headers'] = {'Authorization': f'Bearer {access.token}'}
    # websockets 15 uses the proxy of the environment by default; older ones lack the argument.
    if 'proxy' in inspect.signature(connect.__init__).parameters:
        options['proxy'] = None
    return options


def close_reason(socket: ClientConnection, otherwise: str) -> str:
    """Return why the socket was closed; `otherwise` if no close frame came."""
    # websockets 13.0 has these on the protocol alone.
    code, reason = socket.protocol.close_code, socket.protocol.close_reason
    if code is None:
        return otherwise
    return f'code {code} {printable(reason)}' if reason else f'code {code}'
