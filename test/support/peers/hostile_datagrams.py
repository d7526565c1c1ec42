"""UDP datagrams that a session did not ask for."""

import contextlib
import socket
import struct

from OpenSSL import SSL

COOKIE = 0x2112A442


def client_hello() -> bytes:
    """Return what a DTLS client says first."""
    connection = SSL.Connection(SSL.Context(SSL.DTLS_METHOD))
    connection.set_connect_state()
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()
    return bytes(connection.bio_read(1500))


def stun(kind: int, attributes: bytes = b'', length: int | None = None) -> bytes:
    """Return a STUN message of type `kind`; `length` is what it says, if not the truth."""
    length = len(attributes) if length is None else length
    return struct.pack('!HHI12s', kind, length, COOKIE, bytes(12)) + attributes


HOSTILE = [
    b'',
    b'\0',
    b'\x80',
    b'\xff' * 1200,
    b'\x16',
    b'\x80\x60' + bytes(1000),  # RTP, to look at
    b'\x81\xc9' + bytes(30),  # and RTCP
    b'\x40\0\0\x05hello',  # a TURN channel's data
    stun(0x0001)[:19],
    stun(0x0001, length=400),
    stun(0x03FF),
    stun(0x0001, struct.pack('!HH', 0x000D, 2) + bytes(4)),  # LIFETIME, cut: struct.error
    stun(0x0001, struct.pack('!HH', 0x0025, 0)),  # a check without a password
    stun(0x0101),  # answers that were not asked for
    stun(0x0111),
    client_hello(),
]


def send_hostile(source: socket.socket, target: tuple[str, int]) -> None:
    """Send all of them."""
    for datagram in HOSTILE:
        source.sendto(datagram, target)
