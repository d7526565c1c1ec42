"""Cut a connection, whatever state it is in."""

import asyncio
import contextlib


def abort(transport: asyncio.WriteTransport) -> None:
    """Close `transport` at once; again does nothing."""
    # A TLS transport that was closed twice has let go of what abort() goes to (Python 3.11,
    # asyncio/sslproto.py); it is then cut by its ssl_shutdown_timeout.
    with contextlib.suppress(AttributeError):
        transport.abort()
