"""The connection to one viewer: a webrtcbin at the end of the viewer's branch."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from webrtc_bridge.errors import SessionError
from webrtc_bridge.gstreamer.library import Element, Gst, GstWebRTC, Signals, post
from webrtc_bridge.gstreamer.peer.branch import ViewerBranch
from webrtc_bridge.gstreamer.peer.certificate import use_ecdsa_certificate, with_fingerprint
from webrtc_bridge.gstreamer.peer.formats import Format, formats_of, taken
from webrtc_bridge.gstreamer.peer.ice import IceAgent
from webrtc_bridge.gstreamer.peer.rtp_session import RtpSession
from webrtc_bridge.gstreamer.peer.sdp import adapted, ask, description
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
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

STEP_TIMEOUT = 2.0
"""
Seconds that a step of the negotiation has to end in when the connection is closed. A webrtcbin
that is stopped while it gathers sometimes leaves its agent behind, with 9 open files.
"""

SINK = 'sink_0'
'The pad of a webrtcbin that takes the packets.'

T = TypeVar('T')

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
        self._branch = ViewerBranch(pipeline)
        self._webrtc = make_webrtc()
        self._ice = IceAgent(peer_id, self._webrtc, ice_servers, listener.on_candidate)
        self._branch.element.add(self._webrtc)
        self._formats = formats_of(pipeline.codecs)
        prefer(self._webrtc, self._formats, self._branch.ssrc)
        self._rtp: RtpSession | None = None
        self._channel: Element = None
        self._closed = False
        self._step: asyncio.Future[Any] | None = None
        self._signals = Signals()
        self._signals.connect(self._webrtc, 'notify::connection-state', self._on_connection)

    async def offer(self) -> str:
        """
        Return the offer, with the candidates that are known at once (SDP).

        Raises: SessionError.
        """
        return await self._uninterrupted(self._offer())

    async def _offer(self) -> str:
        self._branch.join(self._listener.on_lost)
        self._channel = make_clock_channel(self._webrtc)
        self._signals.connect(self._channel, 'on-message-string', self._on_clock_question)
        made = await self._ask('create-offer', None, describe=True)
        sdp = with_fingerprint(adapted(made))
        await self._ask('set-local-description', description('offer', sdp))
        await self._ice.gather(sdp)
        gathered = self._webrtc.get_property('local-description').sdp.as_text()
        return self._ice.description(gathered)

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
            offer = self._webrtc.get_property('local-description').sdp.as_text()
            raise SessionError(self._peer_id, unusable_answer(expected, offer))
        parsed = description(kind, expected)
        if parsed is None:
            raise SessionError(self._peer_id, f'bad {kind}: it is not SDP')
        self._branch.start(chosen, self._webrtc.get_static_pad(SINK))
        await self._uninterrupted(self._ask('set-remote-description', parsed))
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
        """Leave the pipeline; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._step:
            await asyncio.wait({self._step}, timeout=STEP_TIMEOUT)
            await end(self._step)
            await self._ice.end_gathering()
        self._signals.disconnect()
        await self._candidates.close()
        self._ice.close()
        if self._rtp:
            self._rtp.close()
        try:
            await self._branch.close()
        finally:
            # Its sockets go with the last reference, and a garbage collector takes its time.
            self._webrtc = self._channel = None

    async def _add(self, candidate: IceCandidate | None) -> None:
        self._ice.add(candidate)

    async def _uninterrupted(self, step: Coroutine[Any, Any, T]) -> T:
        """Await a step of the negotiation, which goes on if this is cancelled."""
        self._step = asyncio.ensure_future(step)
        return await asyncio.shield(self._step)

    async def _ask(self, action: str, argument: Any, *, describe: bool = False) -> str:
        return await ask(self._peer_id, self._webrtc, action, argument, describe=describe)

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
            self._rtp = RtpSession(self._webrtc, self._branch, self._listener.on_feedback)
        self._branch.open()
        self._listener.on_connected()


def make_webrtc() -> Element:
    """Return a webrtcbin that sends all it has over one transport."""
    webrtc = Gst.ElementFactory.make('webrtcbin')
    use_ecdsa_certificate(webrtc)
    webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    # Sender reports are to pair the RTP time of a picture with its capture, not its sending.
    webrtc.get_by_name('rtpbin').set_property('rtcp-sync-send-time', False)
    return webrtc


def prefer(webrtc: Element, formats: Iterable[Format], ssrc: int) -> None:
    """Let `webrtc` offer `formats` with this SSRC, and send lost packets again."""
    sink = webrtc.request_pad_simple(SINK)
    transceiver = sink.get_property('transceiver')
    transceiver.set_property('direction', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    caps = ';'.join(each.offered(ssrc) for each in formats)
    transceiver.set_property('codec-preferences', Gst.Caps.from_string(caps))
    transceiver.set_property('do-nack', True)


def make_clock_channel(webrtc: Element) -> Element:
    """Return the data channel `clock` (peer/clock_channel.py), made before the offer."""
    # Late messages are useless: neither in order nor retransmitted.
    options = Gst.Structure.from_string('options,ordered=false,max-retransmits=0')[0]
    return webrtc.emit('create-data-channel', clock_channel.LABEL, options)


def send_answer(channel: Element, answer: str) -> None:
    """Send an answer about the clock, unless the receiver reads too slowly."""
    if channel.get_property('buffered-amount') <= clock_channel.MOST_WAITING:
        channel.emit('send-string', answer)
