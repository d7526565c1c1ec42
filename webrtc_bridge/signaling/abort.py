"""Abort a connection, whatever state it is in."""

import asyncio
import contextlib


def abort(transport: asyncio.WriteTransport) -> None:
    """Close `transport` at once; idempotent."""
    # A TLS transport that was closed twice no longer has the transport that abort() needs (Python
    # 3.11, asyncio/sslproto.py); its ssl_shutdown_timeout then ends it.
    with contextlib.suppress(AttributeError):
        transport.abort()
