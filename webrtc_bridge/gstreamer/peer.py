"""A webrtcbin and what feeds it: one viewer's branch of the pipeline."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from webrtc_bridge.errors import SessionError, printable
from webrtc_bridge.gstreamer.bitrates import CODEC
from webrtc_bridge.gstreamer.clock import answer_clock_question, make_clock_channel
from webrtc_bridge.gstreamer.feedback import parse_rtcp
from webrtc_bridge.gstreamer.gate import KeyframeGate
from webrtc_bridge.gstreamer.ice import add_ice_servers, set_up_ice
from webrtc_bridge.gstreamer.library import (
    Element,
    Gst,
    GstWebRTC,
    Pad,
    in_thread,
    post,
)
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.gstreamer.retransmission import Retransmissions
from webrtc_bridge.gstreamer.sdp import adapted, description, is_tcp, reply_of, takes_h264
from webrtc_bridge.gstreamer.structures import event_structure
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.frames import Encoding, Layer
from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.negotiation import Negotiation
from webrtc_bridge.peer.outbound_session import SendingPeerListener
from webrtc_bridge.program.addresses import interface_addresses
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

GATHER_TIMEOUT = 0.5
"""
Seconds that the offer waits for candidates. This machine's own are there at once; those of STUN
and TURN servers follow one by one, and a server that does not answer delays nobody.
"""

PROMISE_TIMEOUT = 5.0
FIRST_REPORT_INTERVAL, REPORT_INTERVAL = 0.005, 1.0
'Seconds between sender reports; the first one tells when the first pictures were captured.'

VIDEO_CAPS = (
    # Every browser, and aiortc, takes the constrained baseline profile in packetization mode 1.
    'application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,'
    'packetization-mode=(string)1,profile-level-id=(string)42e01f,'
    'level-asymmetry-allowed=(string)1,'
    # Known in advance, or the offer would not tell whose retransmissions are whose (RFC 5576,
    # section 4.2), and no viewer could use them.
    'ssrc=(uint){ssrc}'
)
BRANCH = (
    # What does not fit is dropped before it, and then all up to a keyframe: a picture that refers
    # to one that was dropped cannot be shown, and nobody would ask for another.
    'queue name=queue leaky=upstream max-size-buffers=8 max-size-bytes=0 max-size-time=0'
    ' ! rtph264pay name=payloader aggregate-mode=zero-latency pt=96 mtu=1200'
    ' ! capsfilter name=payload caps="{caps}"'
)

RETRANSMISSION = 'GstRTPRetransmissionRequest'
'The event by which a session asks for a packet again, with its `seqnum`.'

logger = logging.getLogger(__name__)


class GStreamerPeer:
    """
    One viewer's connection, fed by `pipeline`: a `SendingPeer` for which no aiortc is needed.

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
        self._pipeline = pipeline
        self._loop = asyncio.get_running_loop()
        self._negotiation = Negotiation(peer_id, CandidatePolicy(interface_addresses, ice_servers))
        self._gathered: asyncio.Future[None] = self._loop.create_future()
        self._mids: list[str] = []
        self._offered = False
        self._relayed = False
        self._closed = False
        self._reported = False
        self._handlers: list[tuple[Element, int]] = []
        self._tee_pad: Pad | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._retransmissions = Retransmissions()
        self._layer = Layer.FULL
        self._session: Element = None
        self._channel: Element = None
        self._ssrc = 1 + secrets.randbelow(0xFFFFFFFF)
        caps = VIDEO_CAPS.format(ssrc=self._ssrc)
        self.element: Element = Gst.parse_bin_from_description(BRANCH.format(caps=caps), False)
        self._queue: Element = self.element.get_by_name('queue')
        entry = self._queue.get_static_pad('sink')
        self.element.add_pad(Gst.GhostPad.new('sink', entry))
        self._gate: Any = KeyframeGate(entry, self._request_keyframe, self._post)
        self._webrtc = self._make_webrtc(ice_servers, caps)

    async def offer(self) -> str:
        """
        Return the offer, with the candidates that were found at once (SDP).

        Raises: SessionError.
        """
        self._tee_pad = self._pipeline.add_branch(self.element, self._listener.on_lost)
        self._channel = make_clock_channel(self._webrtc)
        self._connect(self._channel, 'on-message-string', answer_clock_question)
        sdp = adapted(await self._promise('create-offer', None, describe=True))
        self._mids = [line[6:] for line in sdp.splitlines() if line.startswith('a=mid:')]
        offer = description(GstWebRTC.WebRTCSDPType.OFFER, sdp)
        await self._promise('set-local-description', offer)
        await asyncio.wait({self._gathered}, timeout=GATHER_TIMEOUT)
        self._offered = True
        sdp = self._webrtc.get_property('local-description').sdp.as_text()
        return ''.join(line for line in sdp.splitlines(keepends=True) if not is_tcp(line))

    async def apply(self, kind: str, sdp: str) -> None:
        """
        Apply the peer's description (kind `answer`), and the candidates that came before it.

        Raises: SessionError.
        """
        expected = self._negotiation.description(sdp)
        if expected is None:
            return
        if not takes_h264(expected):
            raise SessionError(self._peer_id, 'the peer does not take H.264')
        answer = description(getattr(GstWebRTC.WebRTCSDPType, kind.upper()), expected)
        if answer is None:
            raise SessionError(self._peer_id, f'bad {kind}: it is not SDP')
        await self._promise('set-remote-description', answer)
        for candidate in self._negotiation.early_candidates():
            self._add(candidate)

    async def candidate(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer."""
        for ready in self._negotiation.candidate(candidate):
            self._add(ready)

    def change_layer(self, layer: Layer) -> None:
        """Let the viewer get `layer`, from its next keyframe on."""
        if self._closed or self._tee_pad is None or layer is self._layer:
            return
        self._gate.close()
        self._tee_pad = self._pipeline.move_branch(self.element, self._tee_pad, self._layer, layer)
        self._layer = layer
        if self._session is not None and self._pause is None:
            self._gate.open_at_keyframe()

    def pause(self, seconds: float) -> None:
        """Drop what comes in the next `seconds`; then go on at a keyframe."""
        if self._pause is None and not self._closed:
            self._gate.close()
            self._retransmissions.forget(self._sequence())
            self._pause = self._loop.call_later(seconds, self._go_on)

    async def close(self) -> None:
        """Leave the pipeline; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._pause:
            self._pause.cancel()
        for element, handler in self._handlers:
            element.disconnect(handler)
        self._handlers.clear()
        if self._tee_pad is not None:
            await self._pipeline.remove_branch(self.element, self._tee_pad, self._layer)
        # Its sockets go with the last reference, and a garbage collector takes its time.
        self.element = self._webrtc = self._session = self._channel = None
        self._queue = self._gate = self._tee_pad = None

    @property
    def encoding(self) -> Encoding:
        """The encoding that the viewer gets."""
        return Encoding(CODEC, self._layer)

    @property
    def sent(self) -> int:
        """The number of packets of video sent so far."""
        return self._source_statistic('packets-sent')

    @property
    def sent_bytes(self) -> int:
        """The bytes of video sent so far, without what was sent again."""
        return self._source_statistic('octets-sent')

    def _source_statistic(self, name: str) -> int:
        """Return what the RTP session counts of the stream of pictures; 0 before the first."""
        if self._session is None:
            return 0
        source = self._session.emit('get-source-by-ssrc', self._ssrc)
        return int(source.get_property('stats').get_value(name)) if source else 0

    def _sequence(self) -> int:
        """Return the sequence number of the newest packet."""
        if self._closed:
            return 0
        return int(self.element.get_by_name('payloader').get_property('seqnum'))

    def _on_session_event(self, _: Pad, info: Any) -> Any:
        """Keep the session from sending too much again."""
        event = event_structure(info.get_event())
        if event is None or event.get_name() != RETRANSMISSION:
            return Gst.PadProbeReturn.OK
        allowed = self._retransmissions.allows(event.get_value('seqnum'), self._sequence())
        return Gst.PadProbeReturn.OK if allowed else Gst.PadProbeReturn.DROP

    def _go_on(self) -> None:
        self._pause = None
        self._gate.open_at_keyframe()

    def _request_keyframe(self) -> None:
        self._pipeline.request_keyframe(self._layer)

    def _make_webrtc(self, ice_servers: tuple[IceServer, ...], caps: str) -> Element:
        webrtc = Gst.ElementFactory.make('webrtcbin')
        webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        # Sender reports are to pair the RTP time of a picture with its capture, not its sending.
        webrtc.get_by_name('rtpbin').set_property('rtcp-sync-send-time', False)
        set_up_ice(webrtc)
        self._turn_servers = add_ice_servers(webrtc, ice_servers)
        self.element.add(webrtc)
        sink = webrtc.request_pad_simple('sink_0')
        self.element.get_by_name('payload').get_static_pad('src').link(sink)
        transceiver = sink.get_property('transceiver')
        transceiver.set_property('direction', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        transceiver.set_property('codec-preferences', Gst.Caps.from_string(caps))
        transceiver.set_property('do-nack', True)
        self._connect(webrtc, 'on-ice-candidate', self._on_ice_candidate)
        self._connect(webrtc, 'notify::ice-gathering-state', self._on_gathering)
        self._connect(webrtc, 'notify::connection-state', self._on_connection)
        self._connect(self._queue, 'overrun', self._on_overrun)
        return webrtc

    def _connect(self, element: Element, signal: str, callback: Callable[..., Any]) -> None:
        self._handlers.append((element, element.connect(signal, callback)))

    def _post(self, callback: Callable[..., object], *given: Any) -> None:
        post(self._loop, callback, *given)

    async def _promise(self, action: str, given: Any, describe: bool = False) -> str:
        """Let webrtcbin do `action`; return the description that it replies with, as SDP."""
        done: asyncio.Future[tuple[str, str]] = self._loop.create_future()

        def settle(result: tuple[str, str]) -> None:
            if not done.done():
                done.set_result(result)

        def on_reply(promise: Any, *_: object) -> None:
            self._post(settle, reply_of(promise, describe))

        webrtc, promise = self._webrtc, Gst.Promise.new_with_change_func(on_reply)
        try:
            # It can block for as long as webrtcbin's own thread is busy.
            await in_thread(lambda: webrtc.emit(action, given, promise), PROMISE_TIMEOUT)
            sdp, error = await asyncio.wait_for(done, PROMISE_TIMEOUT)
        except TimeoutError:
            raise SessionError(self._peer_id, f'{action}: no answer of GStreamer') from None
        if error:
            raise SessionError(self._peer_id, f'{action}: {printable(error, 200)}')
        return sdp

    def _on_ice_candidate(self, _: Element, index: int, candidate: str) -> None:
        self._post(self._tell_candidate, index, candidate)

    def _tell_candidate(self, index: int, candidate: str) -> None:
        self._relayed = self._relayed or ' typ relay' in candidate
        # The earlier ones stand in the offer. TCP, other than to a TURN server, no viewer speaks.
        if self._offered and not is_tcp(candidate):
            mid = self._mids[index] if index < len(self._mids) else None
            self._listener.on_candidate(IceCandidate(candidate, mid, index))

    def _on_gathering(self, webrtc: Element, _: object) -> None:
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if webrtc.get_property('ice-gathering-state') == complete:
            self._post(self._on_gathered)

    def _on_gathered(self) -> None:
        if not self._gathered.done():
            self._gathered.set_result(None)
        if self._turn_servers and not self._relayed:
            servers = ', '.join(self._turn_servers)
            text = '%s: no relay at %s: it does not answer, or refuses the login'
            logger.warning(text, self._peer_id, servers)
        if self._offered:
            self._listener.on_candidate(None)

    def _on_connection(self, webrtc: Element, _: object) -> None:
        self._post(self._on_connection_state, webrtc.get_property('connection-state'))

    def _on_connection_state(self, state: Any) -> None:
        logger.debug('%s: connection %s', self._peer_id, state.value_nick)
        if self._closed:
            return
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            self._begin()
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self._listener.on_lost('no path to the peer')
        elif state == GstWebRTC.WebRTCPeerConnectionState.CLOSED:
            self._listener.on_lost('the peer is gone')

    def _begin(self) -> None:
        """Let pictures through: from here on they reach the viewer."""
        if self._session is None:
            rtpbin = self._webrtc.get_by_name('rtpbin')
            self._session = rtpbin.emit('get-internal-session', 0)
            self._connect(self._session, 'on-receiving-rtcp', self._on_rtcp)
            sent = rtpbin.get_static_pad('send_rtp_src_0')
            sent.add_probe(Gst.PadProbeType.BUFFER, self._on_first_packet)
            entry = rtpbin.emit('get-session', 0).get_static_pad('send_rtp_sink')
            entry.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_session_event)
        self._gate.open_at_keyframe()
        self._listener.on_connected()

    def _on_first_packet(self, _: Pad, __: Any) -> Any:
        self._post(self._send_report)
        return Gst.PadProbeReturn.REMOVE

    def _send_report(self) -> None:
        """Tell when the first picture was captured; the first regular report takes a while."""
        if not self._closed:
            self._connect(self._session, 'on-sending-rtcp', self._on_report_sent)
            self._set_report_interval(FIRST_REPORT_INTERVAL)

    def _on_report_sent(self, *_: Any) -> bool:
        if not self._reported:
            self._reported = True
            self._post(self._set_report_interval, REPORT_INTERVAL)
        return False  # nothing was added to it

    def _set_report_interval(self, seconds: float) -> None:
        """Set the least time between reports; to set it starts the wait for the next one anew."""
        if not self._closed:
            self._session.set_property('rtcp-min-interval', int(seconds * Gst.SECOND))

    def _on_rtcp(self, _: Element, buffer: Any) -> None:
        data = buffer.extract_dup(0, buffer.get_size())
        self._post(self._tell_feedback, parse_rtcp(bytes(data), self._ssrc, time.time()))

    def _tell_feedback(self, feedback: Feedback) -> None:
        if not self._closed:
            self._listener.on_feedback(feedback)

    def _on_overrun(self, _: Element) -> None:
        self._post(self._restart)

    def _restart(self) -> None:
        if not self._closed:
            self._gate.restart()

    def _add(self, candidate: IceCandidate | None) -> None:
        if candidate is None or not candidate.line:
            return  # webrtcbin of 1.22 reads an end of candidates as a bad one
        index = candidate.mline_index
        if index is None:
            index = self._mids.index(candidate.mid) if candidate.mid in self._mids else 0
        line = candidate.line
        text = line if line.startswith('candidate:') else f'candidate:{line}'
        self._webrtc.emit('add-ice-candidate', index, text)
