"""Frames of a WebSocket (RFC 6455, section 5): one at a time, and only so many in a message."""

from typing import Any, Protocol

from webrtc_bridge.signaling.server.turns import Turns

MOST_FRAMES = 16
"""
Frames of one message. aiohttp takes 12 µs for each, and neither its limit of bytes nor the rate of
messages counts empty ones that never end. Nobody's client needs more than one.
"""

FINAL, CONTROL, MASKED = 0x80, 0x08, 0x80


class TooManyFrames(Exception):
    """A message has more frames than any client needs."""


class FrameCutter:
    """Cut the bytes that a client sends where its frames begin, without I/O."""

    def __init__(self) -> None:
        self._frames = 0
        self._data = b''
        self._at = 0
        self._skip = 0

    def __bool__(self) -> bool:
        """Return whether there are bytes, at least of a header."""
        return self._at < len(self._data)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._data = self._data[self._at :] + data
        self._at = 0

    def next(self) -> bytes:
        """
        Return the next frame, or as much of it as there is; nothing until its header is complete.

        Raises: TooManyFrames.
        """
        end = self._at + self._skip if self._skip else self._end_of_frame(self._at)
        if end is None:
            return b''
        if not self._skip:
            self._count(self._data[self._at])
        part = self._data[self._at : end]
        self._skip = end - self._at - len(part)
        self._at += len(part)
        return part

    def clear(self) -> None:
        """Forget what has not been returned."""
        self._data, self._at = b'', 0

    def _count(self, first: int) -> None:
        if not first & CONTROL:
            self._frames = 0 if first & FINAL else self._frames + 1
        if self._frames >= MOST_FRAMES:
            raise TooManyFrames

    def _end_of_frame(self, position: int) -> int | None:
        """Return where the frame at `position` ends; None if its header is not complete."""
        data = self._data
        if position + 2 > len(data):
            return None
        second = data[position + 1]
        length, header = second & 0x7F, 2
        if length >= 126:
            header = 4 if length == 126 else 10
            if position + header > len(data):
                return None
            length = int.from_bytes(data[position + 2 : position + header], 'big')
        return position + header + (4 if second & MASKED else 0) + length


class Receiving(Protocol):
    """The connection that a reader reads."""

    def hold(self) -> None:
        """Receive nothing until `release`."""

    def release(self) -> None:
        """Receive again."""

    def close(self) -> None:
        """Close it: the reader has read what it cannot understand."""

    def abort(self) -> None:
        """Abort it now."""


class GuardedReader:
    """
    A reader of aiohttp's for WebSockets, which gets the next frame when it is its turn.

    A client has a rate of messages, but sends 11,000 pings in 64 KiB: as many are parsed at once
    by aiohttp, before anybody counts them.
    """

    def __init__(self, reader: Any, receiving: Receiving, turns: Turns) -> None:
        self._reader = reader
        self._receiving = receiving
        self._turns = turns
        self._frames = FrameCutter()
        self._is_waiting = False
        self._is_full = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes of the client."""
        self._frames.feed(data)
        self._go_on()
        return False, b''

    def feed_eof(self) -> None:
        """Note that no more will come."""
        self._frames.clear()
        self._reader.feed_eof()

    def stop(self) -> None:
        """Pass on nothing more: there are messages enough to handle."""
        self._is_full = True

    def go_on(self) -> None:
        """Pass on what there is."""
        self._is_full = False
        self._go_on()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def _go_on(self) -> None:
        while not self._is_waiting and not self._is_full and self._frames:
            if not self._turns.take(self._on_turn):
                self._is_waiting = True
            elif not self._pass_on():
                break
        if self._is_waiting:
            self._receiving.hold()

    def _on_turn(self) -> None:
        self._is_waiting = False
        self._pass_on()
        self._go_on()
        if not self._is_waiting and not self._is_full:
            self._receiving.release()

    def _pass_on(self) -> bool:
        """Pass the next frame on; return False if it is not there."""
        try:
            part = self._frames.next()
        except TooManyFrames:
            self._receiving.abort()
            self._frames.clear()
            return False
        if part and self._reader.feed_data(part)[0]:
            self._receiving.close()
            self._frames.clear()
        return bool(part)
