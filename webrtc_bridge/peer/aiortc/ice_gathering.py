"""
Ask STUN and TURN servers for addresses, without keeping a session waiting.

aiortc knows one server of each kind, waits 5 s for it and does not report what went wrong. Here
all that are configured are asked, in their order; the first answer of a kind counts; and what does
not work is in the log, by name. A session starts without their answers, which follow as candidates
of their own (RFC 8838). `patches.ice.ask_every_ice_server` lets aioice ask this way.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from webrtc_bridge.errors import printable
from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl
from webrtc_bridge.peer.aiortc.server_race import NoAnswer, ServerQuery, ServerRace
from webrtc_bridge.program.cancellation import end

QUIET = 60.0
'Seconds for which the same problem of a server is not logged again.'

MOST_REMEMBERED = 64
'Servers whose problems are remembered.'

logger = logging.getLogger(__name__)


class IceServerLog:
    """Log what is wrong with each server; the same problem again only after a while."""

    def __init__(self) -> None:
        self._logged: dict[str, tuple[str, float]] = {}

    def failed(self, peer_id: str, url: str, reason: str) -> None:
        """Log that the server at `url` gave the session with `peer_id` no address."""
        logged, when = self._logged.get(url, ('', 0.0))
        now = time.monotonic()
        if logged != reason or now - when > QUIET:
            if len(self._logged) >= MOST_REMEMBERED:
                self._logged.clear()
            self._logged[url] = reason, now
            logger.warning('%s: ICE server %s: %s', peer_id, url, reason)

    def works(self, peer_id: str, url: str) -> None:
        """Log that the server at `url` works, if its last line was another."""
        if self._logged.pop(url, None):
            logger.info('%s: ICE server %s works again', peer_id, url)


ICE_SERVER_LOG = IceServerLog()
'Of this process: its sessions use the same servers.'


class IceGathering:
    """
    Ask `servers` for one session, which goes on without the answers.

    `on_candidate` gets each candidate that the answers make, until `wanted` is set to false;
    `on_end` is called after the last. With `waits`, for a session that can do nothing without a
    server, `ask` returns only when all is answered. Belongs to the event loop; close it.
    """

    def __init__(
        self,
        peer_id: str,
        servers: Iterable[IceServerUrl],
        on_candidate: Callable[[Any], None],
        on_end: Callable[[], None],
        *,
        waits: bool = False,
        server_log: IceServerLog | None = None,
    ) -> None:
        self.wanted = True
        self.relayed = False
        self._peer_id = peer_id
        self._servers = tuple(servers)
        self._on_candidate = on_candidate
        self._on_end = on_end
        self._waits = waits
        self._server_log = server_log or ICE_SERVER_LOG
        self._works: set[str] = set()
        self._failed: dict[str, str] = {}
        self._asking: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> bool:
        """Whether more candidates may come."""
        return bool(self._asking)

    async def close(self) -> None:
        """Stop asking the servers."""
        self.wanted = False
        await end(*self._asking)

    async def ask(self, query: ServerQuery) -> None:
        """Start to ask the servers of the kind of `query`."""
        task = asyncio.create_task(self._use_first_answer(query))
        self._asking.add(task)
        task.add_done_callback(self._end)
        if self._waits:
            await asyncio.wait({task})

    async def _use_first_answer(self, query: ServerQuery) -> None:
        answer = await ServerRace(self._servers, query, self._note).run()
        if not self.wanted:
            query.discard(answer)
            return
        self.relayed |= query.relays
        self._on_candidate(query.use(answer))

    def _end(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, NoAnswer):
            logger.warning('%s: asking ICE servers failed: %s', self._peer_id, printable(error))
        if not self._asking:
            self._report_servers()
            if self.wanted:
                self._on_end()

    def _report_servers(self) -> None:
        for url in self._works:
            self._server_log.works(self._peer_id, url)
        for url, reason in self._failed.items():
            # Asked from several interfaces it may be out of the reach of one of them.
            if url not in self._works:
                self._server_log.failed(self._peer_id, url, reason)

    def _note(self, server: IceServerUrl, reason: str) -> None:
        if reason:
            self._failed[server.url] = reason
        else:
            self._works.add(server.url)
