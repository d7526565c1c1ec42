"""A signaling client at work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from support.signaling.waiting import DEADLINE, until

from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.client import SignalingClient
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Message, Role

ME = 'webrtc_bridge.signaling.client.client'


class Peer:
    """A running client, and what it was told."""

    def __init__(
        self,
        url: str,
        role: Role,
        peer_id: str = '',
        options: ServerOptions | None = None,
        **arguments: Any,
    ) -> None:
        self.messages: list[Message] = []
        self.changes: list[bool] = []
        arguments.setdefault('on_message', self.messages.append)
        arguments.setdefault('on_connected', self.changes.append)
        access = ServerAccess.of(options or ServerOptions(url))
        self.client = SignalingClient(access, role, peer_id=peer_id, **arguments)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator['Peer']:
        task = asyncio.ensure_future(self.client.run())
        try:
            yield self
        finally:
            assert not task.done(), task
            task.cancel()
            await asyncio.wait({task}, timeout=DEADLINE)
            assert task.cancelled()

    async def connected(self) -> None:
        await until(lambda: self.client.connected)

    async def next(self) -> Message:
        await until(lambda: bool(self.messages))
        return self.messages.pop(0)
