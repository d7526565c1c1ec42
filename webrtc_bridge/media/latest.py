"""A box with one slot between two threads: the newest item wins, what it replaces is counted."""

import threading
import time
from typing import Generic, TypeVar

RECENT = 2.0
'Seconds for which an item that was taken can be had again.'

T = TypeVar('T')


class Latest(Generic[T]):
    """
    Hand items from one thread to another, never more than one waiting.

    Any thread may call any method.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._newest: tuple[T, float] | None = None  # and when it was put
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were replaced before anybody took them, or came after `close()`."""
        return self._dropped

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._closed

    def put(self, item: T) -> None:
        """Offer `item`, replacing one that still waits. Never blocks; after `close()` it drops."""
        with self._changed:
            if self._closed or self._item is not None:
                self._dropped += 1
            if not self._closed:
                self._item = item
                self._newest = item, time.monotonic()
                self._changed.notify()

    def repeat(self) -> None:
        """Offer the item that was taken last once more, unless it is not `RECENT`."""
        with self._changed:
            if self._newest and time.monotonic() - self._newest[1] < RECENT:
                self._item = self._newest[0]
                self._changed.notify()

    def clear(self) -> None:
        """Offer nothing of what was put before this."""
        with self._changed:
            self._item = self._newest = None

    def get(self, timeout: float | None = None) -> T | None:
        """
        Take the newest item, waiting for one up to `timeout` seconds (None: without end).

        Returns None after the timeout, and at once when the box is or becomes closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wake every `get()`, forget what waits and refuse what comes. May be called again."""
        with self._changed:
            self._closed = True
            self._item = self._newest = None
            self._changed.notify_all()
