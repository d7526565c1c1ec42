"""The connection to one viewer: a webrtcbin at the end of the viewer's branch."""

import asyncio
import logging
from typing import Any

from webrtc_bridge.errors import SessionError
from webrtc_bridge.gstreamer.departures import Turn
from webrtc_bridge.gstreamer.library import Element, GstWebRTC, Signals, post
from webrtc_bridge.gstreamer.peer.branch import ViewerBranch
from webrtc_bridge.gstreamer.peer.certificate import with_fingerprint
from webrtc_bridge.gstreamer.peer.formats import formats_of, taken
from webrtc_bridge.gstreamer.peer.ice import IceAgent
from webrtc_bridge.gstreamer.peer.rtp_session import RtpSession
from webrtc_bridge.gstreamer.peer.sdp import adapted, description
from webrtc_bridge.gstreamer.peer.webrtc import SINK, WebrtcBin, make_clock_channel, take
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.media.frames import Encoding, Layer
from webrtc_bridge.peer import clock_channel
from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.mdns import NamedCandidates
from webrtc_bridge.peer.negotiation import Negotiation
from webrtc_bridge.peer.outbound_session import SendingPeerListener
from webrtc_bridge.peer.session import GONE, NO_ENCRYPTION, NO_PATH
from webrtc_bridge.peer.video_codecs import unusable_answer
from webrtc_bridge.program.addresses import interface_addresses
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

logger = logging.getLogger(__name__)


class GStreamerPeer:
    """
    One viewer's connection, fed by `pipeline`: a `SendingPeer` that does not need aiortc.

    Belongs to the event loop.
    """

    def __init__(
        self,
        peer_id: str,
        ice_servers: tuple[IceServer, ...],
        listener: SendingPeerListener,
        pipeline: GStreamerPipeline,
    ) -> None:
        self._peer_id = peer_id
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        policy = CandidatePolicy(interface_addresses, ice_servers)
        self._negotiation = Negotiation(peer_id, policy)
        self._candidates = NamedCandidates(peer_id, policy, self._add)
        self._departures = pipeline.departures
        self._turn = Turn(pipeline.departures.turns)
        self._branch = ViewerBranch(pipeline)
        self._webrtc = WebrtcBin(peer_id)
        self._ice = IceAgent(peer_id, ice_servers, listener.on_candidate)
        self._formats = formats_of(pipeline.codecs)
        self._rtp: RtpSession | None = None
        self._channel: Element = None
        self._closed = False
        self._signals = Signals()

    async def offer(self) -> str:
        """
        Return the offer, with the candidates that are known at once (SDP).

        Raises: SessionError.
        """
        await self._turn.take()
        await self._webrtc.make(self._branch, self._formats)
        self._join()
        made = await self._webrtc.ask('create-offer', None, describe=True)
        sdp = with_fingerprint(adapted(made))
        await self._webrtc.ask('set-local-description', description('offer', sdp))
        self._turn.pass_on()
        await self._ice.gather(sdp)
        return self._ice.description(self._webrtc.local_description)

    def _join(self) -> None:
        element = self._webrtc.element
        self._ice.begin(element)
        self._signals.connect(element, 'notify::connection-state', self._on_connection)
        self._branch.join(self._listener.on_lost)
        self._channel = make_clock_channel(element)
        self._signals.connect(self._channel, 'on-message-string', self._on_clock_question)

    async def apply(self, kind: str, sdp: str) -> None:
        """
        Apply the peer's description (kind `answer`), and the candidates that came before it.

        Raises: SessionError.
        """
        expected = self._negotiation.description(sdp)
        if expected is None:
            return
        chosen = taken(expected, self._formats)
        if chosen is None:
            offer = self._webrtc.local_description
            raise SessionError(self._peer_id, unusable_answer(expected, offer))
        parsed = description(kind, expected)
        if parsed is None:
            raise SessionError(self._peer_id, f'bad {kind}: it is not SDP')
        await self._turn.take()
        take(self._webrtc.element, [chosen], self._branch.ssrc)
        self._branch.start(chosen, self._webrtc.element.get_static_pad(SINK))
        await self._webrtc.ask('set-remote-description', parsed)
        self._turn.pass_on()
        for candidate in self._negotiation.early_candidates():
            await self._candidates.take(candidate)

    async def candidate(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer."""
        for ready in self._negotiation.candidate(candidate):
            await self._candidates.take(ready)

    @property
    def encoding(self) -> Encoding | None:
        """The encoding that the viewer gets; None before its answer."""
        return self._branch.encoding

    @property
    def sent(self) -> int:
        """The number of packets of video sent so far."""
        return self._rtp.packets_sent if self._rtp else 0

    @property
    def sent_bytes(self) -> int:
        """The bytes of video sent so far, without headers and retransmissions."""
        return self._rtp.bytes_sent if self._rtp else 0

    def change_layer(self, layer: Layer) -> None:
        """Send `layer`, from its next keyframe on."""
        self._branch.change_layer(layer)

    def pause(self, seconds: float) -> None:
        """Send nothing for `seconds`, and then a keyframe; nothing older is retransmitted."""
        if self._branch.pause(seconds) and self._rtp:
            self._rtp.forget()

    def set_idle(self, idle: bool) -> None:
        """Send nothing, at no cost, while `idle`, and then a keyframe; idempotent."""
        self._branch.set_idle(idle)

    async def close(self) -> None:
        """Leave the pipeline, which waits for what goes on behind this; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._signals.disconnect()
        await self._candidates.close()
        if self._rtp:
            self._rtp.close()
        self._ice.close()
        self._branch.leave()
        stopping = self._departures.start(self._stop())
        if not self._webrtc.is_busy:
            await asyncio.shield(stopping)

    async def _stop(self) -> None:
        try:
            await self._webrtc.answered()
            await self._branch.close()
        finally:
            self._webrtc.close()
            self._channel = None
            self._turn.pass_on()

    async def _add(self, candidate: IceCandidate | None) -> None:
        self._ice.add(candidate)

    def _on_clock_question(self, channel: Element, text: str | None) -> None:
        """Answer what the receiver asks about this machine's clock; in a thread of GStreamer."""
        rtp = self._rtp
        answer = clock_channel.answer_to(text, lambda: rtp.reported if rtp else None)
        if answer:
            send_answer(channel, answer)
            post(self._loop, self._on_idle, clock_channel.is_idle(text))

    def _on_idle(self, idle: bool) -> None:
        if not self._closed:
            self._listener.on_idle(idle)

    def _on_connection(self, webrtc: Element, _: object) -> None:
        post(self._loop, self._on_connection_state, webrtc.get_property('connection-state'))

    def _on_connection_state(self, state: Any) -> None:
        logger.debug('%s: connection %s', self._peer_id, state.value_nick)
        if self._closed:
            return
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            self._start()
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self._listener.on_lost(NO_PATH if self._ice.failed else NO_ENCRYPTION)
        elif state == GstWebRTC.WebRTCPeerConnectionState.CLOSED:
            self._listener.on_lost(GONE)

    def _start(self) -> None:
        """Let pictures through: from here on they reach the viewer."""
        if self._rtp is None:
            self._rtp = RtpSession(self._webrtc.element, self._branch, self._listener.on_feedback)
        self._branch.open()
        self._listener.on_connected()


def send_answer(channel: Element, answer: str) -> None:
    """Send an answer about the clock, unless the receiver reads too slowly."""
    if channel.get_property('buffered-amount') <= clock_channel.MOST_WAITING:
        channel.emit('send-string', answer)
