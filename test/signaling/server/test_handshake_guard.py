"""Connections whose request header is not complete yet."""

import asyncio
import socket
import ssl

import pytest

from webrtc_bridge.signaling.server.handshake_guard import PendingConnections

DEADLINE = 20.0


@pytest.mark.parametrize('tls', [None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)])
async def test_a_connection_that_comes_while_the_server_closes_is_cut(
    tls: ssl.SSLContext | None,
) -> None:
    pending = PendingConnections(asyncio.Protocol, timeout=60.0, max_waiting=8, tls=tls)
    await pending.close()
    ours, theirs = socket.socketpair()
    # As asyncio does for a connection that was accepted before the listener closed.
    await asyncio.get_running_loop().connect_accepted_socket(pending, ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    assert await asyncio.wait_for(reader.read(), DEADLINE) == b''
    writer.close()
