"""Targets of fuzzing that get their bytes from a socket: SCTP, STUN, HTTP, and signed tokens."""

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import math
import os
import struct
from collections.abc import Iterator
from typing import Any

import aioice.stun
from aioice import Candidate
from aiortc import RTCSctpTransport
from google_crc32c import value as crc32c
from support.fuzzing.in_memory import Dtls, Socket, UdpSocket, while_errors_raise

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.peer.aiortc.patches.data_guard import MOST_WAITING, guard_data
from webrtc_bridge.peer.aiortc.patches.udp_guard import (
    MOST_REMOTE,
    GuardedStunProtocol,
)
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.server.admission import Admission
from webrtc_bridge.signaling.server.authentication import SECRET as VARIABLE
from webrtc_bridge.signaling.server.authentication import Authentication
from webrtc_bridge.signaling.server.entrance import Entrance
from webrtc_bridge.signaling.server.handshake_guard import PendingConnections
from webrtc_bridge.signaling.server.http_pages import RequestHandler
from webrtc_bridge.signaling.server.peer_sockets import PeerSockets
from webrtc_bridge.signaling.server.server import HTTP, make_app, make_broker, set_up
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens, TokenError
from webrtc_bridge.signaling.server.turns import Turns

SECRET = 'a secret of the fuzzer'
PORT, INIT = 5000, 1
MOST_PACKETS = 64
PASSES = 30
'Passes of the event loop in which what was received is handled.'

ANSWERS = {100, 101, 200, 400, 401, 403, 404, 405, 408, 413, 417, 426, 429, 431, 501, 503}


@functools.cache
def runner() -> asyncio.Runner:
    """Return what runs coroutines of targets, in one event loop."""
    return asyncio.Runner()


def pieces(data: bytes) -> Iterator[bytes]:
    """Yield pieces of `data`, each with its length of two bytes before it."""
    position = 0
    for _ in range(MOST_PACKETS):
        if position + 2 > len(data):
            return
        (length,) = struct.unpack_from('!H', data, position)
        yield data[position + 2 : position + 2 + length]
        position += 2 + length


def data_transport(data: bytes) -> None:
    """Receive packets of SCTP with right headers, in the state that the first byte chooses."""
    if data:
        runner().run(while_errors_raise(_associate(data[0], list(pieces(data[1:])))))


async def _associate(state: int, packets: list[bytes]) -> None:
    guard_data()
    transport: Any = RTCSctpTransport(Dtls('server' if state & 1 else 'client'))
    transport._remote_port = PORT
    if state & 2:
        transport._last_received_tsn = 0
        transport._set_state(transport.State.ESTABLISHED)
    try:
        for packet in packets:
            is_init = packet[:1] == bytes([INIT])
            tag = 0 if is_init else transport._local_verification_tag
            await transport._handle_data(_with_header(tag, packet))
            await asyncio.sleep(0)
        streams = transport._inbound_streams.values()
        assert sum(len(stream.reassembly) for stream in streams) <= MOST_WAITING
    finally:
        await transport.stop()


def _with_header(tag: int, chunks: bytes) -> bytes:
    header = struct.pack('!HHL', PORT, PORT, tag)
    return header + struct.pack('<L', crc32c(header + bytes(4) + chunks)) + chunks


def stun(data: bytes) -> None:
    """
    Receive datagrams, as they are from a stranger and with the password of the session.

    The first byte chooses who controls, and whether the peer's description was there before.
    """
    if data:
        runner().run(while_errors_raise(_answer_stun(data[0], list(pieces(data[1:])))))


async def _answer_stun(state: int, datagrams: list[bytes]) -> None:
    ice: Any = aioice.Connection(ice_controlling=bool(state & 1))
    ice._early_checks_done = bool(state & 2)
    ice.remote_username, ice.remote_password = 'theirs', 'a password of theirs'
    protocol = GuardedStunProtocol(ice)
    ice._protocols = [protocol]
    protocol.connection_made(UdpSocket())
    protocol.local_candidate = Candidate('1', 1, 'udp', 1, '192.0.2.1', 9, 'host')
    try:
        for port, datagram in enumerate(datagrams, 40_000):
            protocol.datagram_received(datagram, ('192.0.2.7', port))
            # Not signed: what cannot be parsed, as is_stun() has it, or not be written.
            with contextlib.suppress(Exception):
                message = aioice.stun.parse_message(datagram)
                message.attributes.pop('MESSAGE-INTEGRITY', None)
                message.attributes.pop('FINGERPRINT', None)
                message.attributes['USERNAME'] = f'{ice.local_username}:theirs'
                message.add_message_integrity(ice.local_password.encode())
                datagram = bytes(message)
            protocol.datagram_received(datagram, ('192.0.2.7', port))
            await asyncio.sleep(0)
        assert len(ice._remote_candidates) <= MOST_REMOTE
    finally:
        ice._protocols = []
        await ice.close()


def http(data: bytes) -> None:
    """Answer requests, and the frames behind them, in pieces, with and without a right token."""
    for secret in ('', SECRET):
        runner().run(while_errors_raise(_serve(_server(secret), list(pieces(data)))))


@functools.cache
def _server(secret: str) -> PendingConnections:
    return runner().run(_pending(secret))


async def _pending(secret: str) -> PendingConnections:
    options = SignalingOptions(port=0)
    os.environ[VARIABLE] = secret
    authentication = Authentication()
    del os.environ[VARIABLE]
    sockets = PeerSockets(make_broker(options), options)
    entrance = Entrance(options, Admission(8, 8), authentication, sockets.serve)
    app = await set_up(make_app(options, entrance, sockets.broker))
    assert app.server is not None
    loop = asyncio.get_running_loop()
    handler = functools.partial(RequestHandler, Turns(), app.server, loop=loop, **HTTP)
    return PendingConnections(handler, 10.0, 8, None)


async def _serve(pending: PendingConnections, received: list[bytes]) -> None:
    socket = Socket(pending())
    for piece in received:
        socket.receive(piece)
        await asyncio.sleep(0)
    for _ in range(PASSES):
        await asyncio.sleep(0)
    answer = bytes(socket.sent)
    await socket.end()
    if not answer:
        return
    version, status, *_ = answer.split(maxsplit=2)
    assert version.startswith(b'HTTP/'), answer
    assert int(status) in ANSWERS, answer
    head = answer.partition(b'\r\n\r\n')[0].lower()
    assert b'aiohttp' not in head
    assert b'python' not in head


def signed_token(data: bytes) -> None:
    """Check a token that is signed, with these claims, or with a header of its own before them."""
    header, separator, claims = data.partition(b'\n')
    if not separator:
        header, claims = json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode(), data
    signed = b'.'.join(base64.urlsafe_b64encode(part).rstrip(b'=') for part in (header, claims))
    digest = hmac.digest(_key(), signed, hashlib.sha256)
    token = signed + b'.' + base64.urlsafe_b64encode(digest).rstrip(b'=')
    with contextlib.suppress(TokenError):
        rights = _tokens().check(token.decode())
        assert not math.isnan(rights.expires)
        assert rights.key.isprintable()
        for role in Role:
            rights.what_forbids(role, 'front')


@functools.cache
def _key() -> bytes:
    """Return the key as docs/security.md has it."""
    salt = b'webrtc_bridge token'
    made = hashlib.scrypt(SECRET.encode(), salt=salt, n=16384, r=8, p=1, dklen=32)
    return made.hex().encode()


@functools.cache
def _tokens() -> SignedTokens:
    return SignedTokens(SECRET)
