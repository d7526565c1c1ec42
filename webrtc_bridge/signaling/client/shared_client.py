"""Let several receivers be one peer of the signaling server."""

import asyncio
import logging
from collections.abc import Callable

from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    IceServer,
    Message,
    Offer,
    RequestOffer,
    Role,
    SenderExit,
    SenderPresent,
)

logger = logging.getLogger(__name__)


class Member:
    """
    One of the receivers that share a client; it gets the messages of the senders that it asked.

    To its receiver it looks like a `SignalingClient` of its own.
    """

    def __init__(
        self,
        client: SignalingClient,
        on_message: Callable[[Message], None],
        on_connected: Callable[[bool], None],
    ) -> None:
        self.on_message = on_message
        self.on_connected = on_connected
        self.asked: set[str] = set()
        self._client = client

    @property
    def connected(self) -> bool:
        """Return whether the server has registered the client."""
        return self._client.connected

    @property
    def ice_servers(self) -> tuple[IceServer, ...]:
        """The ICE servers that the server named."""
        return self._client.ice_servers

    def send(self, message: Message) -> bool:
        """Send `message`; False while not connected."""
        if isinstance(message, RequestOffer):
            self.asked.add(message.peer_id)
        return self._client.send(message)

    async def run(self) -> None:
        """Wait until cancelled: it is the client that runs."""
        await asyncio.get_running_loop().create_future()


class SharedClient(SignalingListener):
    """One receiver's registration, shared; each sender is asked by one member only."""

    def __init__(self, access: ServerAccess, *, peer_id: str, name: str) -> None:
        self._members: list[Member] = []
        self._client = SignalingClient(access, Role.RECEIVER, self, peer_id=peer_id, name=name)

    @property
    def connected(self) -> bool:
        """Return whether the server has registered it."""
        return self._client.connected

    def join(
        self, on_message: Callable[[Message], None], on_connected: Callable[[bool], None]
    ) -> Member:
        """Return a new member; join before `run`."""
        member = Member(self._client, on_message, on_connected)
        self._members.append(member)
        return member

    async def run(self) -> None:
        """Stay registered until cancelled; then send what is queued."""
        await self._client.run()

    def on_message(self, message: Message) -> None:
        """Pass a message on to all members, or that of a session to the one that has it."""
        log_presence(message)
        for member in self._members:
            if not isinstance(message, (Offer, Answer, Candidate, Bye)):
                member.on_message(message)
            elif message.peer_id in member.asked:
                member.on_message(message)
                return

    def on_connected(self, connected: bool) -> None:
        """Pass it on to all members."""
        for member in self._members:
            member.on_connected(connected)


def log_presence(message: Message) -> None:
    """Log that a sender has come or left."""
    match message:
        case SenderPresent(sender_id, name):
            shown_name = f' ({name})' if name else ''
            logger.info('sender %s is available%s', sender_id, shown_name)
        case SenderExit(sender_id):
            logger.info('sender %s left', sender_id)
