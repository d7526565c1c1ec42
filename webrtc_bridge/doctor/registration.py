"""Whether the server lets us in as a receiver, and what it tells then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.signaling.client.client import SignalingClient
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import (
    IceServer,
    Message,
    Role,
    SenderExit,
    SenderPresent,
)

TIMEOUT = 8.0
'Seconds; the server takes its time to answer a wrong token.'

LIST_TIME = 0.5
'Seconds that the list of cameras, which follows at once, may take.'


class Registration:
    """A receiver that is registered while `run` is entered, and asks for nothing."""

    def __init__(self, access: ServerAccess) -> None:
        self.senders: dict[str, str] = {}
        self._has_token = bool(access.token)
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._client = SignalingClient(
            access,
            Role.RECEIVER,
            name='doctor',
            on_message=self._on_message,
            on_connected=lambda connected: self._settle('' if connected else 'lost'),
            on_trouble=self._settle,
        )

    @property
    def ice_servers(self) -> tuple[IceServer, ...]:
        """The ICE servers that the server gives its peers."""
        return self._client.ice_servers

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator['Registration']:
        """Register, and leave in the end."""
        running = asyncio.ensure_future(self._client.run())
        try:
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def let_in(self) -> str:
        """Wait to be let in; the list of cameras is there then."""
        refusal = await self._answer
        if refusal:
            advice = (
                'webrtc_bridge token makes one with the right to view'
                if 'token' in refusal
                else 'see the log of the server'
            )
            raise CheckFailed(f'the server {refusal}', advice)
        await asyncio.sleep(LIST_TIME)
        if self._has_token:
            return 'accepted, with the right to view'
        return 'none given and none needed'

    def _settle(self, answer: str) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, SenderPresent):
            self.senders[message.sender_id] = message.name
        elif isinstance(message, SenderExit):
            self.senders.pop(message.sender_id, None)
