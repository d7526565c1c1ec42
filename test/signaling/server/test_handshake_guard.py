"""Connections whose request header is not complete yet."""

import asyncio
import socket
import ssl

import pytest

from webrtc_bridge.signaling.server.handshake_guard import MAX_HEADER, PendingConnections

DEADLINE = 20.0


@pytest.mark.parametrize('tls', [None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)])
async def test_a_connection_that_comes_while_the_server_closes_is_cut(
    tls: ssl.SSLContext | None,
) -> None:
    context = (lambda: tls) if tls else None
    pending = PendingConnections(asyncio.Protocol, timeout=60.0, max_waiting=8, tls=context)
    await pending.close()
    ours, theirs = socket.socketpair()
    # As asyncio does for a connection that was accepted before the listener closed.
    await asyncio.get_running_loop().connect_accepted_socket(pending, ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    assert await asyncio.wait_for(reader.read(), DEADLINE) == b''
    writer.close()


async def test_of_many_that_say_nothing_the_oldest_of_the_greediest_address_makes_room() -> None:
    pending = PendingConnections(asyncio.Protocol, timeout=60.0, max_waiting=4)
    server = await asyncio.get_running_loop().create_server(pending, '127.0.0.1')
    port = server.sockets[0].getsockname()[1]

    async def dawdle(address: str) -> asyncio.StreamReader:
        local = (address, 0)
        reader, writer = await asyncio.open_connection('127.0.0.1', port, local_addr=local)
        writer.write(b'GET / HTTP/1.1\r\n')
        open_ones.append(writer)
        return reader

    open_ones: list[asyncio.StreamWriter] = []
    modest = await dawdle('127.0.0.2')
    greedy = [await dawdle('127.0.0.1') for _ in range(40)]
    for reader in greedy[:-3]:
        await asyncio.wait_for(reader.read(), DEADLINE)  # ends
    open_ones[0].write(b'X' * MAX_HEADER)
    assert b'431' in await asyncio.wait_for(modest.read(), DEADLINE), 'it was still waited for'
    for writer in open_ones:
        writer.close()
    await pending.close()
    server.close()
