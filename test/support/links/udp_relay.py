"""
A UDP relay between two peers, who do not know of it: their candidates are rewritten on the way.

For each address of a peer there is a door, a socket whose address the other peer gets instead.
What comes to a door from the other peer goes on to the peer that it stands for, out of the door
that stands for the other. Nothing but tests uses it; nothing in it needs root.
"""

import asyncio
import contextlib
import enum
import itertools
import re
import socket
from collections.abc import Iterator

from support.links.impaired_link import ImpairedLink
from support.links.profiles import CALM, Change, Fields, Profile, of_direction

RECEIVE_BUFFER = 1 << 22

Address = tuple[str, int]


class Side(enum.Enum):
    """An end of the path."""

    SENDER = 'sender'
    RECEIVER = 'receiver'

    @property
    def other(self) -> 'Side':
        return Side.RECEIVER if self is Side.SENDER else Side.SENDER


class UdpRelay:
    """
    Relays between the peers whose descriptions and candidates it has rewritten.

    `to_receiver` is what the video passes, `to_sender` what its feedback does. Belongs to the
    event loop; close it in the end.
    """

    def __init__(self) -> None:
        self.to_receiver = ImpairedLink()
        self.to_sender = ImpairedLink()
        self._doors: dict[Address, _Door] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def links(self) -> tuple[ImpairedLink, ImpairedLink]:
        """Both directions."""
        return self.to_receiver, self.to_sender

    def apply(self, profile: Profile) -> None:
        """Be the path of `profile` from now on, whatever it was before."""
        self._stop_timetable()
        self.change({**CALM, **profile.fields})
        self._await_next(asyncio.get_running_loop().time(), profile.timetable())

    def change(self, fields: Fields) -> None:
        """Change fields of both directions, or of one by a name with a prefix."""
        for name, link in (('video', self.to_receiver), ('feedback', self.to_sender)):
            link.change_now(**of_direction(fields, name))

    def _await_next(self, start: float, timetable: Iterator[Change]) -> None:
        for change in itertools.islice(timetable, 1):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(start + change.at, self._follow, start, change, timetable)

    def _follow(self, start: float, change: Change, timetable: Iterator[Change]) -> None:
        self.change(change.fields)
        self._await_next(start, timetable)

    def _stop_timetable(self) -> None:
        if self._timer:
            self._timer.cancel()

    def set_down(self, down: bool) -> None:
        """Cut both directions, or join them again."""
        for link in self.links:
            link.down = down

    def rewrite_sdp(self, sdp: str, side: Side) -> str:
        """Return a description of `side` with doors instead of its addresses."""
        self._note_resent_types(sdp)
        lines = []
        for line in sdp.splitlines(keepends=True):
            if not line.startswith('a=candidate:'):
                lines.append(line)
            elif door := self.rewrite_candidate(line, side):
                lines.append(door)
        return ''.join(lines)

    def rewrite_candidate(self, line: str, side: Side) -> str:
        """
        Return a candidate of `side` with a door's address; '' for what is not UDP and IPv4.

        An mDNS name, as browsers have where a page may use no camera, is one of this machine.
        """
        if 'candidate:' not in line:
            return line  # the end of candidates
        words = line.split(' ')
        if words[4].endswith('.local'):
            words[4] = own_address()
        if words[2].lower() != 'udp' or not re.fullmatch(r'[0-9.]+', words[4]):
            return ''
        words[4], port = self._door_of((words[4], int(words[5])), side).address
        words[5] = str(port)
        return ' '.join(words)

    def ports(self, side: Side) -> list[int]:
        """Return the ports at which the other peer sees `side`."""
        return [door.address[1] for door in self._doors.values() if door.side is side]

    def change_port(self, side: Side) -> None:
        """Let the other peer see `side` at other ports from now on, as a NAT that rebinds does."""
        for door in self._doors.values():
            if door.side is side:
                door.rebind()

    def close(self) -> None:
        """Close all doors."""
        self._stop_timetable()
        for link in self.links:
            link.close()
        for door in self._doors.values():
            door.close()
        self._doors.clear()

    def _note_resent_types(self, sdp: str) -> None:
        found = frozenset(int(n) for n in re.findall(r'a=rtpmap:(\d+) rtx/', sdp))
        for link in self.links:
            link.resent_types |= found

    def _door_of(self, real: Address, side: Side) -> '_Door':
        for door in self._doors.values():
            if door.address == real:
                return door  # rewritten before
        if real not in self._doors:
            self._doors[real] = _Door(real, side, self)
        return self._doors[real]

    def pass_on(self, data: bytes, source: Address, door: '_Door') -> None:
        """Forward what `source` sent to `door`."""
        from_door = self._door_of(source, door.side.other)
        link = self.to_receiver if door.side is Side.RECEIVER else self.to_sender
        link.send(data, lambda ready: from_door.send(ready, door.real))


def own_address() -> str:
    """Return the address of this machine that others reach, or that of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('192.0.2.1', 9))  # nothing is sent
        except OSError:
            return '127.0.0.1'
        return str(probe.getsockname()[0])


class _Door:
    """A socket that stands for the address `real` of `side`."""

    def __init__(self, real: Address, side: Side, relay: UdpRelay) -> None:
        self.real = real
        self.side = side
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._open()

    def rebind(self) -> None:
        old = self._socket
        self._loop.remove_reader(old)
        self._open()  # before the other is closed, which would make its port free
        old.close()

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.bind((self.real[0], 0))
        self.address: Address = self._socket.getsockname()
        self._loop.add_reader(self._socket, self._on_readable)

    def send(self, data: bytes, target: Address) -> None:
        # A closed port does not concern the relay, nor does a door that has been closed meanwhile.
        with contextlib.suppress(OSError):
            self._socket.sendto(data, target)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _on_readable(self) -> None:
        for data, source in self._datagrams():
            self._relay.pass_on(data, source, self)

    def _datagrams(self) -> Iterator[tuple[bytes, Address]]:
        while True:
            try:
                yield self._socket.recvfrom(65536)
            except BlockingIOError:
                return
