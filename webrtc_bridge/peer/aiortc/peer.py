"""An RTCPeerConnection of aiortc, with everything that can go wrong turned into one error."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aioice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import OperationError
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp

from webrtc_bridge.errors import SessionError, printable
from webrtc_bridge.peer.aiortc.bundled_candidates import (
    copy_bundled_candidates,
)
from webrtc_bridge.peer.aiortc.ice_gathering import IceGathering
from webrtc_bridge.peer.aiortc.patches.connecting import Connecting, accept_rsa_certificates
from webrtc_bridge.peer.aiortc.patches.consent import use_lasting_consent
from webrtc_bridge.peer.aiortc.patches.data_guard import guard_data
from webrtc_bridge.peer.aiortc.patches.h264_profiles import accept_h264_profiles
from webrtc_bridge.peer.aiortc.patches.header_extensions import offer_source_headers
from webrtc_bridge.peer.aiortc.patches.ice import (
    asking_all,
    check_nearest_first,
    connect_on_check_success,
    offer_best_addresses,
    own_addresses,
    use_constant_stun_retry,
)
from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl, usable_servers
from webrtc_bridge.peer.aiortc.patches.monotonic import use_monotonic_clock
from webrtc_bridge.peer.aiortc.patches.receiving.arrival_reports import offer_transport_feedback
from webrtc_bridge.peer.aiortc.patches.rtp_guard import guard_rtp
from webrtc_bridge.peer.aiortc.patches.udp_guard import close_sockets, dropped_datagrams, guard_udp
from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.mdns import NamedCandidates
from webrtc_bridge.peer.negotiation import Negotiation, first_mid
from webrtc_bridge.peer.own_candidates import MOST_ADDRESSES, OwnCandidates, ranks
from webrtc_bridge.peer.session import GONE, NO_ENCRYPTION, NO_PATH, PeerListener
from webrtc_bridge.peer.video_codecs import unusable_answer, unusable_offer
from webrtc_bridge.program.cancellation import within
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

CLOSE_TIMEOUT = 1.5
'Seconds that closing a connection may take; one whose TURN server died needs over 15.'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IceOptions:
    """The ways to find a path to the peer; `policy` is `all` or `relay`."""

    servers: tuple[IceServer, ...] = ()
    policy: str = 'all'


class AiortcPeer:
    """
    One connection to the peer `peer_id`, whose events `listener` gets.

    The candidates that follow the description are those of STUN and TURN servers.
    """

    def __init__(self, peer_id: str, ice: IceOptions, listener: PeerListener) -> None:
        self._peer_id = peer_id
        self._listener = listener
        self._first_mid = ''
        offer_best_addresses(MOST_ADDRESSES)
        use_constant_stun_retry()
        use_lasting_consent()
        connect_on_check_success()
        check_nearest_first()
        guard_udp()
        guard_rtp()
        guard_data()
        offer_source_headers()
        offer_transport_feedback()
        use_monotonic_clock()
        accept_h264_profiles()
        accept_rsa_certificates()
        self._relay_only = ice.policy == 'relay'
        policy = CandidatePolicy(own_addresses, ice.servers, self._relay_only)
        self._negotiation = Negotiation(peer_id, policy)
        self._candidates = NamedCandidates(peer_id, policy, self._add)
        self._own = OwnCandidates(ranks(own_addresses()))
        self._told_end = False
        servers = usable_servers(ice.servers)
        self._gathering = IceGathering(
            peer_id, servers, self._on_late_candidate, self._on_last, waits=self._relay_only
        )
        self.connection = RTCPeerConnection(configuration(servers, ice.policy))
        self._connecting = Connecting(self.connection, listener.on_lost)
        self.connection.on('connectionstatechange', self._on_state)

    async def offer(self) -> str:
        """
        Return this side's offer, with its addresses as candidates (SDP).

        Raises: SessionError.
        """
        return await self._describe(self.connection.createOffer)

    async def answer(self) -> str:
        """
        Return this side's answer, with its addresses as candidates (SDP).

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
        sdp = copy_bundled_candidates(expected)
        try:
            description = RTCSessionDescription(sdp, kind)
            await self.connection.setRemoteDescription(description)
        except OperationError as error:  # there is no codec in common
            raise SessionError(self._peer_id, self._unusable(kind, sdp)) from error
        except Exception as error:  # 22,789 broken SDPs raised seven kinds of error
            raise SessionError(self._peer_id, f'bad {kind}: {printable(error)}') from error
        for candidate in self._negotiation.early_candidates():
            await self._candidates.take(candidate)

    async def candidate(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer; log and leave out one that cannot be read."""
        for ready in self._negotiation.candidate(candidate):
            await self._candidates.take(ready)

    async def close(self) -> None:
        """Close the connection; give up after `CLOSE_TIMEOUT`."""
        self.connection.remove_all_listeners()
        try:
            await within(self._close(), CLOSE_TIMEOUT)
        except TimeoutError:
            logger.warning('%s: connection not closed in %.1f s', self._peer_id, CLOSE_TIMEOUT)
        except Exception as error:
            logger.warning('%s: closing failed: %s', self._peer_id, printable(error))
        finally:
            close_sockets(self.connection)

    async def _close(self) -> None:
        if dropped := dropped_datagrams(self.connection):
            text = '%s: dropped %d UDP datagrams, unreadable or from strangers'
            logger.info(text, self._peer_id, dropped)
        await self._candidates.close()
        await self._gathering.close()
        await self._connecting.cancel()
        await self.connection.close()

    async def _describe(self, create: Callable[[], Any]) -> str:
        try:
            with asking_all(self._gathering):
                await self.connection.setLocalDescription(await create())
        except Exception as error:
            raise SessionError(self._peer_id, f'no description: {printable(error)}') from error
        if self._relay_only and not self._gathering.relayed:
            raise SessionError(
                self._peer_id, 'no TURN server relays, and other paths are not allowed'
            )
        sdp = self._own.description(self.connection.localDescription.sdp)
        self._first_mid = first_mid(sdp)
        if self._own.waiting:
            asyncio.get_running_loop().call_soon(self._send_rest)  # once the description is sent
        more_follow = self._gathering.pending or self._own.waiting
        return without_end_of_candidates(sdp) if more_follow else sdp

    def _unusable(self, kind: str, sdp: str) -> str:
        if kind == 'offer':
            return unusable_offer(sdp)
        return unusable_answer(sdp, self.connection.localDescription.sdp)

    def _on_late_candidate(self, candidate: aioice.Candidate) -> None:
        line = f'candidate:{candidate.to_sdp()}'
        if self._first_mid and self._own.takes(line):  # else the description will hold it
            self._send(line)

    def _on_last(self) -> None:
        if self._first_mid:
            self._send_rest()

    def _send_rest(self) -> None:
        for line in self._own.rest():
            self._send(line)
        if not self._gathering.pending and not self._told_end:
            self._told_end = True
            self._listener.on_candidate(None)

    def _send(self, line: str) -> None:
        # All of a session goes by the transport of its first section (RFC 8843).
        self._listener.on_candidate(IceCandidate(line, self._first_mid, 0))

    async def _add(self, candidate: IceCandidate | None) -> None:
        try:
            await self.connection.addIceCandidate(parsed_candidate(candidate))
        except Exception as error:
            logger.warning('%s: candidate ignored: %s', self._peer_id, printable(error))

    def _on_state(self) -> None:
        state = self.connection.connectionState
        logger.debug('%s: connection %s', self._peer_id, state)
        if state == 'connected':
            self._gathering.wanted = False
            self._listener.on_connected()
        elif state == 'closed':
            self._listener.on_lost(GONE)
        elif state == 'failed':
            ice_failed = self.connection.iceConnectionState == 'failed'
            self._listener.on_lost(NO_PATH if ice_failed else NO_ENCRYPTION)


def without_end_of_candidates(sdp: str) -> str:
    """Return `sdp` without its end-of-candidates lines (RFC 8840)."""
    lines = sdp.splitlines(keepends=True)
    return ''.join(line for line in lines if line.strip() != 'a=end-of-candidates')


def configuration(servers: Iterable[IceServerUrl], policy: str) -> RTCConfiguration:
    """Return aiortc's configuration; without servers it asks none."""
    # Not None, which means a public STUN server, and 5 s of waiting if it cannot be reached.
    known = [RTCIceServer(server.url, *server.login) for server in servers]
    return RTCConfiguration(
        iceServers=known,
        iceTransportPolicy=RTCIceTransportPolicy(policy),
        # One transport for all: the other one would be gathered, and then thrown away.
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


def parsed_candidate(candidate: IceCandidate | None) -> Any:
    """Return aiortc's form of a candidate; None for the end of the candidates."""
    if candidate is None or not candidate.line:
        return None
    parsed = candidate_from_sdp(candidate.line.removeprefix('candidate:'))
    parsed.sdpMid = candidate.mid
    parsed.sdpMLineIndex = candidate.mline_index
    return parsed
