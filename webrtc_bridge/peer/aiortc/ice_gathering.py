"""
Asks STUN and TURN servers for addresses, so that none keeps a session waiting.

aiortc knows one server of each kind, waits 5 s for it and says nothing of what went wrong. Here
all that are configured are asked, in their order, the next one as soon as one has failed or
is slow; the first answer of a kind counts; and what does not work is in the log, by name. A
session begins without their answers, which follow as candidates of their own (RFC 8838).
`aiortc_tuning.ice.ask_every_ice_server` lets aioice ask this way.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aioice.stun import TransactionError, TransactionFailed
from aiortc import RTCIceServer
from aiortc.rtcicetransport import connection_kwargs

from webrtc_bridge.errors import WebrtcBridgeError, describe, printable
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.signaling.protocol.messages import IceServer

T = TypeVar('T')

ANSWER_TIMEOUT = 1.0
'Seconds that the servers of a kind have, all together.'

STAGGER = 0.25
'Seconds that a server has for itself before the next one is asked as well.'

MOST_SERVERS = 8
'Servers of one kind that are asked.'

QUIET = 60.0
'Seconds for which the same trouble with the same server is not repeated in the log.'

MOST_REMEMBERED = 64
'Servers whose trouble is remembered.'

LOGIN_REFUSED = (401, 441)
'Unauthorized, Wrong Credentials (RFC 8656, section 18).'

SILENT = 'no answer'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IceServerUrl:
    """One URL of a server; `options` is what aioice's `Connection` takes for it."""

    url: str
    options: dict[str, Any] = field(repr=False)  # holds the password

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return 'turn_server' in self.options

    @property
    def login(self) -> tuple[str | None, str | None]:
        """User name and password."""
        return self.options.get('turn_username'), self.options.get('turn_password')


class NoAnswer(WebrtcBridgeError):
    """None of the servers of a kind gave an address."""

    def __str__(self) -> str:
        return 'no STUN or TURN server gave an address'


class Trouble:
    """What is wrong with which server; says the same again only after a while."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, float]] = {}

    def failed(self, peer_id: str, url: str, reason: str) -> None:
        """Log that the server at `url` gave the session with `peer_id` no address."""
        said, when = self._said.get(url, ('', 0.0))
        now = time.monotonic()
        if said != reason or now - when > QUIET:
            if len(self._said) >= MOST_REMEMBERED:
                self._said.clear()
            self._said[url] = reason, now
            logger.warning('%s: ICE server %s: %s', peer_id, url, reason)

    def works(self, peer_id: str, url: str) -> None:
        """Log, if the last word on the server at `url` was another, that it works."""
        if self._said.pop(url, None):
            logger.info('%s: ICE server %s works again', peer_id, url)


TROUBLE = Trouble()
'Of this process: its sessions use the same servers.'


class IceGathering:
    """
    One session's questions to `servers`, beside all else: a session goes on without the answers.

    `on_candidate` gets each candidate that they make, and `on_end` is called after the last. Until
    `wanted` is set to false. With `waits`, for a session that can do nothing without a server,
    `ask` comes back only when all is answered. Belongs to the event loop; close it.
    """

    def __init__(
        self,
        peer_id: str,
        servers: Iterable[IceServerUrl],
        on_candidate: Callable[[Any], None],
        on_end: Callable[[], None],
        *,
        waits: bool = False,
        trouble: Trouble | None = None,
    ) -> None:
        self.wanted = True
        self.relayed = False
        self._peer_id = peer_id
        self._servers = tuple(servers)
        self._on_candidate = on_candidate
        self._on_end = on_end
        self._waits = waits
        self._trouble = trouble or TROUBLE
        self._works: set[str] = set()
        self._failed: dict[str, str] = {}
        self._asking: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> bool:
        """Whether more candidates may come."""
        return bool(self._asking)

    async def close(self) -> None:
        """End all questions."""
        self.wanted = False
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def ask(
        self,
        relays: bool,
        ask: Callable[[IceServerUrl], Awaitable[T]],
        use: Callable[[T], Any],
        discard: Callable[[T], None],
    ) -> None:
        """
        Begin to ask the STUN (or, if `relays`, TURN) servers by `ask`.

        `use` gets the first answer and returns the candidate that it makes; `discard` gets what
        is not wanted any more.
        """

        async def first_answer() -> None:
            answer = await self.first(relays, ask, discard)
            if not self.wanted:
                discard(answer)
                return
            self.relayed |= relays
            self._on_candidate(use(answer))

        task = asyncio.create_task(first_answer())
        self._asking.add(task)
        task.add_done_callback(self._end)
        if self._waits:
            await asyncio.wait({task})

    async def first(
        self,
        relays: bool,
        ask: Callable[[IceServerUrl], Awaitable[T]],
        discard: Callable[[T], None],
    ) -> T:
        """
        Return the first answer of the STUN (or, if `relays`, TURN) servers to `ask`.

        `discard` gets what comes too late.

        Raises: NoAnswer, ANSWER_TIMEOUT from now at the latest.
        """
        servers = [server for server in self._servers if server.relays is relays][:MOST_SERVERS]
        answer: T = await _Race(servers, ask, discard, self._note).run()
        return answer

    def _end(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, NoAnswer):
            logger.warning('%s: asking ICE servers failed: %s', self._peer_id, printable(error))
        if not self._asking:
            self._tell_of_servers()
            if self.wanted:
                self._on_end()

    def _tell_of_servers(self) -> None:
        for url in self._works:
            self._trouble.works(self._peer_id, url)
        for url, reason in self._failed.items():
            # Asked from several interfaces it may be out of the reach of one of them.
            if url not in self._works:
                self._trouble.failed(self._peer_id, url, reason)

    def _note(self, server: IceServerUrl, reason: str) -> None:
        if reason:
            self._failed[server.url] = reason
        else:
            self._works.add(server.url)


class _Race:
    """
    Servers of one kind, asked in turn.

    `note` gets each server that has answered or failed, with what is wrong with it, or ''.
    """

    def __init__(
        self,
        servers: list[IceServerUrl],
        ask: Callable[[IceServerUrl], Awaitable[Any]],
        discard: Callable[[Any], None],
        note: Callable[[IceServerUrl, str], None],
    ) -> None:
        self._waiting = servers
        self._ask = ask
        self._discard = discard
        self._note = note
        self._stagger = min(STAGGER, ANSWER_TIMEOUT / 2 / max(1, len(servers)))
        self._running: dict[asyncio.Future[Any], tuple[IceServerUrl, float]] = {}

    async def run(self) -> Any:
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
            await self._end(winner)

    def _start_next(self) -> None:
        if self._waiting:
            server = self._waiting.pop(0)
            self._running[asyncio.ensure_future(self._ask(server))] = server, time.monotonic()

    async def _wait(self, timeout: float) -> asyncio.Future[Any] | None:
        """Wait for something to happen; return what has an answer, if that was it."""
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
        begun = self._running[winner][1] if winner else time.monotonic()
        for task, (server, since) in self._running.items():
            if not task.done() and since < begun:
                self._note(server, SILENT)
            task.cancel()
        results = await asyncio.gather(*self._running, return_exceptions=True)
        for task, result in zip(self._running, results, strict=True):
            if task is not winner and not isinstance(result, BaseException):
                self._discard(result)


def reason_of(error: BaseException) -> str:
    """Return in words, without credentials, why a server gave no address."""
    if isinstance(error, TransactionFailed):
        code, phrase = error.response.attributes.get('ERROR-CODE', (0, ''))
        said = f'{code} {phrase}'.strip()
        if code in LOGIN_REFUSED:
            return f'login refused ({said}): the user name or password is wrong or has expired'
        return f'refused ({said})'
    if isinstance(error, TransactionError | TimeoutError):
        return SILENT
    if isinstance(error, socket.gaierror):
        return describe(error)
    if isinstance(error, ssl.SSLError):
        return f'no TLS: {describe(error)}'
    if isinstance(error, OSError):
        return f'not reachable: {describe(error)}'
    return printable(error)


def usable_servers(servers: Iterable[IceServer]) -> list[IceServerUrl]:
    """Return the URLs of `servers` that aioice can use; the others are left out, with a line."""
    usable = []
    for server in servers:
        login = server.username or None, server.credential or None
        for url in server.urls:
            try:
                options = connection_kwargs([RTCIceServer(url, *login)])
                if not options:
                    raise ValueError('not supported')
            except Exception as error:
                shown = printable(without_credentials(url))
                logger.warning('ICE server %s left out: %s', shown, printable(error))
            else:
                usable.append(IceServerUrl(url, options))
    return usable
