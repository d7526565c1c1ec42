"""A box with one slot between two threads: the newest item wins, what it replaces is counted."""

import threading
from typing import Generic, TypeVar

T = TypeVar('T')


class Latest(Generic[T]):
    """
    Hand items from one thread to another, never more than one waiting.

    Any thread may call any method.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
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
                self._changed.notify()

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
            self._item = None
            self._changed.notify_all()
