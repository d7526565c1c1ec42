"""A signaling client at work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from support.signaling.waiting import DEADLINE, until

from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.refusal import Refusal
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Message, Role

ME = 'webrtc_bridge.signaling.client.client'


class Peer(SignalingListener):
    """A running client that records what its listener gets."""

    def __init__(
        self,
        url: str,
        role: Role,
        peer_id: str = '',
        options: ServerOptions | None = None,
        name: str = '',
    ) -> None:
        self.messages: list[Message] = []
        self.changes: list[bool] = []
        self.troubles: list[Refusal] = []
        access = ServerAccess.of(options or ServerOptions(url))
        self.client = SignalingClient(access, role, self, peer_id=peer_id, name=name)

    def on_message(self, message: Message) -> None:
        self.messages.append(message)

    def on_connected(self, connected: bool) -> None:
        self.changes.append(connected)

    def on_trouble(self, refusal: Refusal, reason: str) -> None:
        self.troubles.append(refusal)

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
