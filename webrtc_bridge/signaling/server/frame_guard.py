"""A bound for the frames of a message, which aiohttp lacks (RFC 6455, section 5)."""

from collections.abc import Callable
from typing import Any

MOST_FRAMES = 16
"""
Frames of one message. aiohttp takes 12 µs for each, and neither its limit of bytes nor the rate of
messages counts empty ones that never end. Nobody's client needs more than one.
"""

FINAL, CONTROL, MASKED = 0x80, 0x08, 0x80


class FrameCounter:
    """Count the frames of a client's current message in the bytes it sends, without I/O."""

    def __init__(self) -> None:
        self._frames = 0
        self._rest = b''
        self._skip = 0

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; return False once a message has too many frames."""
        if self._skip >= len(data):
            self._skip -= len(data)
            return True
        data = self._rest + data[self._skip :]
        position = self._skip = 0
        while (end := self._end_of_frame(data, position)) is not None:
            first = data[position]
            if not first & CONTROL:
                self._frames = 0 if first & FINAL else self._frames + 1
            if self._frames >= MOST_FRAMES:
                return False
            position = end
        self._rest = data[position:]
        self._skip = max(0, position - len(data))
        return True

    @staticmethod
    def _end_of_frame(data: bytes, position: int) -> int | None:
        """Return where the frame at `position` ends; None if its header is not complete."""
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


class GuardedReader:
    """A reader of aiohttp's for WebSockets; calls `abort` when a message has too many frames."""

    def __init__(self, reader: Any, abort: Callable[[], None]) -> None:
        self._reader = reader
        self._abort = abort
        self._counter = FrameCounter()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass on bytes of the client."""
        if not self._counter.feed(data):
            self._abort()
            return True, b''
        result: tuple[bool, bytes] = self._reader.feed_data(data)
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
