"""Check that the server accepts a receiver, and get its lists of ICE servers and cameras."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.own_command import own_command
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.refusal import Refusal
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

WRONG_TOKEN = (Refusal.NO_TOKEN, Refusal.BAD_TOKEN, Refusal.FORBIDDEN)

LIST_TIME = 0.5
'Seconds that the list of cameras, which follows at once, may take.'


class Registration(SignalingListener):
    """A receiver that is registered while `run` is entered, and asks for nothing."""

    def __init__(self, access: ServerAccess) -> None:
        self.senders: dict[str, str] = {}
        self._has_token = bool(access.token)
        self._answer: asyncio.Future[tuple[Refusal, str] | None]
        self._answer = asyncio.get_running_loop().create_future()
        self._client = SignalingClient(access, Role.RECEIVER, self, name='doctor')

    @property
    def ice_servers(self) -> tuple[IceServer, ...]:
        """The ICE servers that the server gives its peers."""
        return self._client.ice_servers

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator['Registration']:
        """Register, and disconnect in the end."""
        running = asyncio.ensure_future(self._client.run())
        try:
            yield self
        finally:
            await end(running)

    async def wait(self) -> str:
        """Wait for the registration and the list of cameras; return the finding."""
        if answer := await self._answer:
            refusal, reason = answer
            advice = (
                f'make one with the right to view: {own_command("token")}'
                if refusal in WRONG_TOKEN
                else 'see the log of the server'
            )
            raise CheckFailed(reason, advice)
        await asyncio.sleep(LIST_TIME)
        if self._has_token:
            return 'accepted, with the right to view'
        return 'none passed, none needed'

    def on_connected(self, connected: bool) -> None:
        """Note that the server has accepted the registration."""
        self._settle(None if connected else (Refusal.CLOSED, 'connection lost'))

    def on_trouble(self, refusal: Refusal, reason: str) -> None:
        """Note why it has not."""
        self._settle((refusal, reason))

    def _settle(self, answer: tuple[Refusal, str] | None) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)

    def on_message(self, message: Message) -> None:
        """Keep the list of cameras."""
        if isinstance(message, SenderPresent):
            self.senders[message.sender_id] = message.name
        elif isinstance(message, SenderExit):
            self.senders.pop(message.sender_id, None)
