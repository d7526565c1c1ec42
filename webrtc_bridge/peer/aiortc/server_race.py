"""Ask STUN or TURN servers in turn, the next one as soon as one has failed or is slow."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from webrtc_bridge.errors import WebrtcBridgeError
from webrtc_bridge.peer.aiortc.patches.ice_servers import SILENT, IceServerUrl, reason_of
from webrtc_bridge.program.cancellation import end, finish

ANSWER_TIMEOUT = 1.0
'Seconds that the servers of a kind have, all together.'

STAGGER = 0.25
'Seconds that a server has for itself before the next one is asked as well.'

MOST_SERVERS = 8
'Servers of one kind that are asked.'


class NoAnswer(WebrtcBridgeError):
    """None of the servers of a kind gave an address."""

    def __str__(self) -> str:
        return 'no STUN or TURN server gave an address'


class ServerQuery(Protocol):
    """A query to servers of one kind for an address, and the use of its answers."""

    relays: bool
    'Whether TURN servers are asked, or STUN servers.'

    async def ask(self, server: IceServerUrl) -> Any:
        """Return the answer of `server`. Raises: what `reason_of` explains."""

    def use(self, answer: Any) -> Any:
        """Use the first answer; return the candidate that it makes."""

    def discard(self, answer: Any) -> None:
        """Give back what is no longer wanted."""


class ServerRace:
    """
    Ask those of `servers` that are of the kind of `query`.

    `note` gets each server that has answered or failed, with what is wrong with it, or ''.
    """

    def __init__(
        self,
        servers: Iterable[IceServerUrl],
        query: ServerQuery,
        note: Callable[[IceServerUrl, str], None],
    ) -> None:
        fitting = [server for server in servers if server.relays is query.relays]
        self._waiting = fitting[:MOST_SERVERS]
        self._query = query
        self._note = note
        self._stagger = min(STAGGER, ANSWER_TIMEOUT / 2 / max(1, len(self._waiting)))
        self._running: dict[asyncio.Future[Any], tuple[IceServerUrl, float]] = {}

    async def run(self) -> Any:
        """
        Return the first answer; those that come too late are discarded.

        Raises: NoAnswer, ANSWER_TIMEOUT from now at the latest.
        """
        deadline = time.monotonic() + ANSWER_TIMEOUT
        winner = None
        try:
            while self._waiting or self._running:
                self._start_next()
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                timeout = min(left, self._stagger) if self._waiting else left
                winner = await self._wait(timeout)
                if winner:
                    return winner.result()
            raise NoAnswer
        finally:
            await finish(self._end(winner))

    def _start_next(self) -> None:
        if self._waiting:
            server = self._waiting.pop(0)
            task = asyncio.ensure_future(self._query.ask(server))
            self._running[task] = server, time.monotonic()

    async def _wait(self, timeout: float) -> asyncio.Future[Any] | None:
        """Wait for something to happen; return the task that has an answer, if there is one."""
        done, _ = await asyncio.wait(
            self._running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            server, _ = self._running[task]
            error = task.exception()
            self._note(server, reason_of(error) if error else '')
            if error is None:
                return task
            del self._running[task]
        return None

    async def _end(self, winner: asyncio.Future[Any] | None) -> None:
        started = self._running[winner][1] if winner else time.monotonic()
        for task, (server, since) in self._running.items():
            if not task.done() and since < started:
                self._note(server, SILENT)
        await end(*self._running)
        for task in self._running:
            if task is not winner and succeeded(task):
                self._query.discard(task.result())


def succeeded(task: asyncio.Future[Any]) -> bool:
    """Return whether `task` has a result."""
    return task.done() and not task.cancelled() and task.exception() is None
