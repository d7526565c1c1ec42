"""A slot for one item between two threads: the newest wins, replaced ones are counted."""

import threading
import time
from typing import Generic, TypeVar

T = TypeVar('T')


class Latest(Generic[T]):
    """
    Hand items from one thread to another; never more than one waits.

    Any thread may call any method.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._newest: T | None = None
        self._repeat_at: float | None = None
        self._repeated = False
        self._closed = False
        self._dropped = 0
        self.unused = True
        'Whether no item was ever put.'

    @property
    def dropped(self) -> int:
        """The number of items that were replaced before `get()`, or put after `close()`."""
        return self._dropped

    @property
    def repeated(self) -> bool:
        """Return whether `get` has returned the last item before; for the thread that calls it."""
        return self._repeated

    @property
    def closed(self) -> bool:
        """Return whether `close()` was called."""
        return self._closed

    def put(self, item: T) -> None:
        """Offer `item` in place of one that still waits; drop it after `close()`. Never blocks."""
        with self._changed:
            self.unused = False
            if self._closed or self._item is not None:
                self._dropped += 1
            if not self._closed:
                self._item = self._newest = item
                self._repeat_at = None
                self._changed.notify()

    def repeat(self, after: float = 0.0) -> None:
        """Offer the newest item once more, however old, unless one comes in `after` seconds."""
        at = time.monotonic() + after
        with self._changed:
            if self._item is None and self._newest is not None:
                self._repeat_at = at if self._repeat_at is None else min(at, self._repeat_at)
                self._changed.notify()

    def clear(self) -> None:
        """Drop the item that waits, and offer none again that was put before."""
        with self._changed:
            self._item = self._newest = self._repeat_at = None

    def get(self, timeout: float | None = None) -> T | None:
        """
        Take the newest item, or wait up to `timeout` seconds for one (None: forever).

        Return None after the timeout, and as soon as the slot is closed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._item is None and not self._closed:
                due = self._earlier(deadline, self._repeat_at)
                left = None if due is None else due - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            return self._take()

    @staticmethod
    def _earlier(*times: float | None) -> float | None:
        return min((at for at in times if at is not None), default=None)

    def _take(self) -> T | None:
        item, self._item = self._item, None
        self._repeated = False
        if item is None and self._repeat_at is not None and self._repeat_at <= time.monotonic():
            item, self._repeated = self._newest, True
            self._repeat_at = None
        return item

    def close(self) -> None:
        """End every `get()`, drop the item that waits, and take no more; idempotent."""
        with self._changed:
            self._closed = True
            self._item = self._newest = self._repeat_at = None
            self._changed.notify_all()
