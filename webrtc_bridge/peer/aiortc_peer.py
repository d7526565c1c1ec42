"""An RTCPeerConnection of aiortc, with everything that can go wrong turned into one error."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp

from webrtc_bridge.errors import SessionError, printable
from webrtc_bridge.peer.aiortc_tuning.connecting import Connecting
from webrtc_bridge.peer.aiortc_tuning.ice import (
    asking_all,
    end_consent_checks_with_the_connection,
    meet_on_loopback,
)
from webrtc_bridge.peer.ice_gathering import IceGathering, IceServerUrl, usable_servers
from webrtc_bridge.peer.negotiation import IceCandidate, Negotiation

CLOSE_TIMEOUT = 1.5
'Seconds that closing a connection may take; one whose TURN server died needs over 15.'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IceOptions:
    """
    How a path to the peer may be found.

    `servers` are dictionaries as `RTCPeerConnection` takes them (urls, username, credential);
    `policy` is `all` or `relay`.
    """

    servers: tuple[dict[str, Any], ...] = ()
    policy: str = 'all'


class AiortcPeer:
    """
    One connection to the peer `peer_id`.

    `on_connected` and `on_lost` are called in the event loop when the transport is up and when it
    is gone for good.
    """

    def __init__(
        self,
        peer_id: str,
        ice: IceOptions,
        on_connected: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._peer_id = peer_id
        self._negotiation = Negotiation()
        self._on_connected = on_connected
        self._on_lost = on_lost
        meet_on_loopback()
        end_consent_checks_with_the_connection()
        self._relay_only = ice.policy == 'relay'
        self._servers = usable_servers(ice.servers)
        self.connection = RTCPeerConnection(configuration(self._servers, ice.policy))
        self._connecting = Connecting(self.connection)
        self.connection.on('connectionstatechange', self._on_state)

    async def offer(self) -> str:
        """
        Return this side's offer, with all its candidates (SDP).

        Raises: SessionError.
        """
        return await self._describe(self.connection.createOffer)

    async def answer(self) -> str:
        """
        Return this side's answer, with all its candidates (SDP).

        Raises: SessionError.
        """
        return await self._describe(self.connection.createAnswer)

    async def apply(self, kind: str, sdp: str) -> None:
        """
        Apply the peer's `offer` or `answer`, and the candidates that came before it.

        Raises: SessionError.
        """
        expected = self._negotiation.description(sdp)
        if expected is None:
            return
        try:
            await self.connection.setRemoteDescription(RTCSessionDescription(expected, kind))
        except Exception as error:  # 22,789 broken SDPs raised seven kinds of error
            raise SessionError(self._peer_id, f'bad {kind}: {printable(error)}') from error
        for candidate in self._negotiation.early_candidates():
            await self._add(candidate)

    async def candidate(self, candidate: IceCandidate) -> None:
        """Add a candidate of the peer; one that cannot be read is left out, with a line."""
        for ready in self._negotiation.candidate(candidate):
            await self._add(ready)

    async def close(self) -> None:
        """Close the connection, or give up on that after `CLOSE_TIMEOUT`."""
        self.connection.remove_all_listeners()
        closing = asyncio.ensure_future(self._close())
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_TIMEOUT)
        if not done:
            closing.cancel()
            logger.warning('%s: connection not closed in %.1f s', self._peer_id, CLOSE_TIMEOUT)
        elif closing.exception():
            logger.warning('%s: closing failed: %s', self._peer_id, printable(closing.exception()))

    async def _close(self) -> None:
        await self._connecting.cancel()
        await self.connection.close()

    async def _describe(self, create: Callable[[], Any]) -> str:
        gathering = IceGathering(self._peer_id, self._servers)
        try:
            with asking_all(gathering):
                await self.connection.setLocalDescription(await create())
        except Exception as error:
            raise SessionError(self._peer_id, f'no description: {printable(error)}') from error
        if self._relay_only and not gathering.relayed:
            raise SessionError(self._peer_id, 'no TURN server relays, and all else is off')
        return self.connection.localDescription.sdp

    async def _add(self, candidate: IceCandidate) -> None:
        try:
            await self.connection.addIceCandidate(parsed_candidate(candidate))
        except Exception as error:
            logger.warning('%s: candidate left out: %s', self._peer_id, printable(error))

    def _on_state(self) -> None:
        state = self.connection.connectionState
        logger.debug('%s: connection %s', self._peer_id, state)
        if state == 'connected':
            self._on_connected()
        elif state in ('failed', 'closed'):
            self._on_lost('no path to the peer' if state == 'failed' else 'the peer is gone')


def configuration(servers: Iterable[IceServerUrl], policy: str) -> RTCConfiguration:
    """Return aiortc's form of what is to be asked and used; without servers it asks none."""
    # Not None, which means a public STUN server, and 5 s of waiting where it isn't reached.
    known = [RTCIceServer(server.url, *server.login) for server in servers]
    return RTCConfiguration(iceServers=known, iceTransportPolicy=RTCIceTransportPolicy(policy))


def parsed_candidate(candidate: IceCandidate) -> Any:
    """Return aiortc's form of a candidate; the empty one also means the end of them."""
    text = (candidate or {}).get('candidate') or ''
    if candidate is None or not text:
        return None
    parsed = candidate_from_sdp(text.removeprefix('candidate:'))
    parsed.sdpMid = candidate.get('sdpMid')
    parsed.sdpMLineIndex = candidate.get('sdpMLineIndex')
    return parsed
