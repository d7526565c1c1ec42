"""
Read the announcements of DDS participants, which say how each of them is reached.

A participant multicasts one every few seconds: DATA of the RTPS entity SPDP (DDSI-RTPS 2.5,
section 8.5.3) with its locators. rclpy keeps these to itself. With ROS_AUTOMATIC_DISCOVERY_RANGE
LOCALHOST, or a discovery server, they are not multicast, and nothing is known.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

GROUP, FIRST_PORT, PORTS_OF_A_DOMAIN = '239.255.0.1', 7400, 250
'Section 9.6.2 of DDSI-RTPS.'

HEADER, PREFIX = 20, slice(8, 20)
DATA, HAS_INLINE_QOS, LITTLE_ENDIAN = 0x15, 0x02, 0x01
ANNOUNCER = bytes.fromhex('000100c2')
SENTINEL, DEFAULT_UNICAST_LOCATOR = 0x0001, 0x0031

SHARED_MEMORY = {16, 19}
"The kinds of locator that are shared memory: Fast DDS 2's, measured with 2.14, and 3.2's."


MOST_PARTICIPANTS = 1_000


class Participant(NamedTuple):
    """A participant: the start of its GUIDs, and its port in shared memory, if it has one."""

    prefix: bytes
    shared_memory_port: int | None


class Announcements(asyncio.DatagramProtocol):
    """The participants that were announced."""

    def __init__(self) -> None:
        self.participants: set[Participant] = set()
        self._arrived = asyncio.Event()

    def datagram_received(self, data: bytes, _: object) -> None:
        """Take a packet of anybody in the network."""
        with contextlib.suppress(struct.error, IndexError):
            found = announced(data)
            if found and len(self.participants) < MOST_PARTICIPANTS:
                self.participants.add(found)
                self._arrived.set()

    async def next(self) -> None:
        """Wait for an announcement."""
        self._arrived.clear()
        await self._arrived.wait()


@contextlib.asynccontextmanager
async def listening(domain: int) -> AsyncIterator[Announcements]:
    """
    Listen to the announcements of a ROS domain in this block.

    Raises: OSError where there is no multicast.
    """
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        # As all participants do: each gets a copy of what is multicast.
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind((GROUP, FIRST_PORT + PORTS_OF_A_DOMAIN * domain))
        for interface in ('0.0.0.0', '127.0.0.1'):  # the default route's, and this host's own
            with contextlib.suppress(OSError):
                group = socket.inet_aton(GROUP) + socket.inet_aton(interface)
                receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        loop = asyncio.get_running_loop()
        transport, announcements = await loop.create_datagram_endpoint(
            Announcements, sock=receiver
        )
        stack.callback(transport.close)
        yield announcements


def announced(packet: bytes) -> Participant | None:
    """
    Return the participant that `packet` announces; None if it is something else.

    Raises: struct.error, IndexError where it is cut short.
    """
    if packet[:4] != b'RTPS':
        return None
    for body, flags in submessages(packet):
        if body[8:12] == ANNOUNCER:
            ports = (port for kind, port in locators(body, flags) if kind in SHARED_MEMORY)
            return Participant(packet[PREFIX], next(ports, None))
    return None


def submessages(packet: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the body and the flags of each DATA in an RTPS packet (section 9.4)."""
    position = HEADER
    while position + 4 <= len(packet):
        kind, flags = packet[position], packet[position + 1]
        (length,) = struct.unpack_from(order(flags) + 'H', packet, position + 2)
        end = position + 4 + length if length else len(packet)
        if kind == DATA:
            yield packet[position + 4 : end], flags
        position = end


def locators(body: bytes, flags: int) -> Iterator[tuple[int, int]]:
    """Yield kind and port of each default unicast locator in the body of a DATA."""
    (to_qos,) = struct.unpack_from(order(flags) + 'H', body, 2)
    position = 4 + to_qos
    if flags & HAS_INLINE_QOS:
        *_, (_, position, length) = parameters(body, position, order(flags))
        position += length
    endian = order(body[position + 1])
    for identity, start, _ in parameters(body, position + 4, endian):
        if identity == DEFAULT_UNICAST_LOCATOR:
            kind, port = struct.unpack_from(endian + 'iI', body, start)
            yield kind, port


def parameters(body: bytes, position: int, endian: str) -> Iterator[tuple[int, int, int]]:
    """Yield identity, position and length of each parameter from `position` on, the last too."""
    identity = None
    while identity != SENTINEL:
        identity, length = struct.unpack_from(endian + 'HH', body, position)
        position += 4
        yield identity, position, length if identity != SENTINEL else 0
        position += length


def order(flags: int) -> str:
    """Return the byte order that `flags` name, as the module struct writes it."""
    return '<' if flags & LITTLE_ENDIAN else '>'
