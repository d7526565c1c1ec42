"""Turns: between two messages of peers the event loop must get to everybody else."""

import asyncio
from collections import deque

MOST = 32
"""
Messages of all peers that are handled before the event loop looks for newcomers.

The costliest takes 1 ms, and a newcomer needs a handful of passes of the loop.
"""


class Turns:
    """
    Let `MOST` messages be handled in one pass of the event loop; the others wait, oldest first.

    Otherwise a hundred sockets that send what they may, at once, keep newcomers waiting for
    seconds: a reader does not give way while its socket has more.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Return when it is the caller's turn to handle a message."""
        if self._left:
            self._left -= 1
            return
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._next_pass)
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next_pass(self) -> None:
        self._left = self._most
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():  # its socket may have been closed
                turn.set_result(None)
                self._left -= 1
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next_pass)
