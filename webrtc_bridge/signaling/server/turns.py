"""Turns: between the messages of peers the event loop must get to everybody else."""

import asyncio
from collections import deque
from collections.abc import Callable

MOST = 32
"""
Frames of all peers that are handled before the event loop looks for newcomers.

The costliest takes 1 ms, and a newcomer needs a handful of passes of the loop.
"""


class Turns:
    """
    Let `MOST` frames be handled in one pass of the event loop; the others wait, oldest first.

    Otherwise a few sockets that send what they may, at once, keep newcomers waiting for seconds: a
    reader does not give way while its socket has more.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_due = False

    def take(self, on_turn: Callable[[], None]) -> bool:
        """Return whether it is the caller's turn; if not, `on_turn` is called when it is."""
        if self._left and not self._waiting:
            self._left -= 1
            return True
        self._waiting.append(on_turn)
        self._plan()
        return False

    def _plan(self) -> None:
        if self._waiting and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._next_pass)

    def _next_pass(self) -> None:
        self._left = self._most
        try:
            while self._waiting and self._left:
                self._left -= 1
                self._waiting.popleft()()
        finally:
            self._is_due = False
            self._plan()
