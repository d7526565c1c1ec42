"""A slot for one item between two threads: the newest wins, replaced ones are counted."""

import threading
import time
from typing import Generic, TypeVar

RECENT = 2.0
'Seconds for which an item that was taken can be offered again.'

T = TypeVar('T')


class Latest(Generic[T]):
    """
    Hand items from one thread to another; never more than one waits.

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
        """The number of items that were replaced before `get()`, or put after `close()`."""
        return self._dropped

    @property
    def closed(self) -> bool:
        """Return whether `close()` was called."""
        return self._closed

    def put(self, item: T) -> None:
        """Offer `item` in place of one that still waits; drop it after `close()`. Never blocks."""
        with self._changed:
            if self._closed or self._item is not None:
                self._dropped += 1
            if not self._closed:
                self._item = item
                self._newest = item, time.monotonic()
                self._changed.notify()

    def repeat(self) -> None:
        """Offer the item that was taken last once more, if it is `RECENT`."""
        with self._changed:
            if self._newest and time.monotonic() - self._newest[1] < RECENT:
                self._item = self._newest[0]
                self._changed.notify()

    def clear(self) -> None:
        """Drop the item that waits, and offer none again that was put before."""
        with self._changed:
            self._item = self._newest = None

    def get(self, timeout: float | None = None) -> T | None:
        """
        Take the newest item, or wait up to `timeout` seconds for one (None: forever).

        Return None after the timeout, and as soon as the slot is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """End every `get()`, drop the item that waits, and take no more; idempotent."""
        with self._changed:
            self._closed = True
            self._item = self._newest = None
            self._changed.notify_all()
