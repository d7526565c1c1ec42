"""
Candidates whose address is hidden behind an mDNS name: `<uuid>.local`, as browsers do.

They are resolved here, side by side and bounded, for both libraries: aioice takes a second for
each name that nobody answers, one after the other, and webrtcbin (1.22) never frees its sockets
once it was given a name.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.program.cancellation import end, finish
from webrtc_bridge.signaling.protocol.messages import IceCandidate

NAME = re.compile(r'[\w-]{1,63}\.local', re.ASCII)

MOST_NAMES = 16
'Names that are resolved at once; a browser has one for each address of its machine.'

TIMEOUT = 2.0
'Seconds that a name may take (RFC 6762 section 5.2: a second question after one second).'

Add = Callable[[IceCandidate | None], Awaitable[None]]
Resolve = Callable[[str], Awaitable[str | None]]

logger = logging.getLogger(__name__)


def name_of(line: str) -> str:
    """Return the mDNS name in a candidate's line; '' if it has an address."""
    words = line.split()
    host = words[4] if len(words) > 4 else ''
    return host if NAME.fullmatch(host) else ''


async def resolve_by_multicast(name: str) -> str | None:
    """Return the address of an mDNS name; None if nobody answers within `TIMEOUT`."""
    try:
        from aioice.mdns import create_mdns_protocol

        protocol = await create_mdns_protocol()
    except (ImportError, OSError) as error:
        # The peer's own checks will tell where it is (RFC 8445 section 7.3.1.3).
        logger.debug('mDNS: %s', error)
        return None
    try:
        return await protocol.resolve(name, TIMEOUT)
    finally:
        await finish(protocol.close())


class NamedCandidates:
    """
    Pass a peer's candidates to `add`: those with a name once it is resolved, their end last.

    `policy` judges the addresses that are found. Belongs to the event loop; close it in the end.
    """

    def __init__(
        self,
        peer_id: str,
        policy: CandidatePolicy,
        add: Add,
        resolve: Resolve = resolve_by_multicast,
    ) -> None:
        self._peer_id = peer_id
        self._policy = policy
        self._add = add
        self._resolve = resolve
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, candidate: IceCandidate | None) -> None:
        """Add a candidate, now or later; None is the end of them."""
        if candidate is None or not candidate.line:
            if self._tasks:
                self._start(self._add_last(candidate, set(self._tasks)))
            else:
                await self._add(candidate)
        elif name := name_of(candidate.line):
            if len(self._tasks) < MOST_NAMES:
                self._start(self._add_resolved(candidate, name))
        else:
            await self._add(candidate)

    async def close(self) -> None:
        """Resolve nothing more; idempotent."""
        await end(*self._tasks)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add_resolved(self, candidate: IceCandidate, name: str) -> None:
        address = await self._resolve(name)
        if address is None:
            return
        line = candidate.line.replace(name, address, 1)
        if reason := self._policy.why_not(line):
            logger.info('%s: candidate ignored: %s', self._peer_id, reason)
        else:
            await self._add(replace(candidate, line=line))

    async def _add_last(
        self, candidate: IceCandidate | None, others: set[asyncio.Task[None]]
    ) -> None:
        await asyncio.wait(others)
        await self._add(candidate)
