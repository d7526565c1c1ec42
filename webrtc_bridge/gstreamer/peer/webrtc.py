"""The webrtcbin of one viewer: made, asked for descriptions, and let go of."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from webrtc_bridge.errors import SessionError, printable
from webrtc_bridge.gstreamer.library import Element, Gst, GstWebRTC, in_thread, post
from webrtc_bridge.gstreamer.peer.branch import ViewerBranch
from webrtc_bridge.gstreamer.peer.certificate import use_ecdsa_certificate
from webrtc_bridge.gstreamer.peer.formats import Format
from webrtc_bridge.peer import clock_channel
from webrtc_bridge.program.cancellation import within

SINK = 'sink_0'
'The pad that takes the packets.'

PROMISE_TIMEOUT = 5.0
'Seconds that a session waits for an answer of webrtcbin.'

PATIENCE = 60.0
'Seconds that webrtcbin is waited for before it is stopped, whatever it does.'

logger = logging.getLogger(__name__)


class WebrtcBin:
    """
    The webrtcbin of the viewer `peer_id`. Belongs to the event loop.

    It owns `element` from `make` to `close`: threads and sockets go with the last reference to
    that. So no coroutine has it in a variable: an error keeps those of all that it came through,
    and is itself part of a cycle, which Python's garbage collector may find minutes later.
    """

    def __init__(self, peer_id: str) -> None:
        self.element: Element = None
        self._peer_id = peer_id
        self._replies: set[asyncio.Future[tuple[str, str]]] = set()

    async def make(self, branch: ViewerBranch, formats: Iterable[Format]) -> None:
        """
        Make the element, which is to offer `formats`, at the end of `branch`.

        Raises: SessionError.
        """
        try:
            # It waits until its own thread has begun.
            self.element = await in_thread(make_webrtc, PROMISE_TIMEOUT)
        except TimeoutError:
            raise SessionError(self._peer_id, 'GStreamer makes no webrtcbin') from None
        branch.element.add(self.element)
        prefer(self.element, formats, branch.ssrc)

    @property
    def is_busy(self) -> bool:
        """Whether it has not answered yet."""
        return bool(self._replies)

    @property
    def local_description(self) -> str:
        """Its description of itself (SDP), with the candidates so far."""
        return str(self.element.get_property('local-description').sdp.as_text())

    async def ask(self, action: str, argument: Any, *, describe: bool = False) -> str:
        """
        Let it do `action`; return the offer that it replies with (SDP) if it is to `describe`.

        It goes on with that if this is cancelled, or has waited too long.

        Raises: SessionError.
        """
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[tuple[str, str]] = loop.create_future()
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)
        promise = Gst.Promise.new_with_change_func(
            lambda promise, *_: post(loop, settle, reply, reply_of(promise, describe))
        )
        try:
            # It can block for as long as webrtcbin's own thread is busy.
            await in_thread(lambda: self.element.emit(action, argument, promise), PROMISE_TIMEOUT)
            sdp, error = await within(asyncio.shield(reply), PROMISE_TIMEOUT)
        except TimeoutError:
            raise SessionError(self._peer_id, f'{action}: no answer from GStreamer') from None
        if error:
            raise SessionError(self._peer_id, f'{action}: {printable(error, 200)}')
        return sdp

    async def answered(self) -> None:
        """Wait until it has answered all that it was asked, or `PATIENCE` has ended."""
        if self._replies:
            _, late = await asyncio.wait(self._replies, timeout=PATIENCE)
            if late:
                logger.warning('%s: no answer from GStreamer in %g s', self._peer_id, PATIENCE)

    def close(self) -> None:
        """Let go of the element; idempotent."""
        self.element = None


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
    transceiver.set_property('do-nack', True)
    take(webrtc, formats, ssrc)


def take(webrtc: Element, formats: Iterable[Format], ssrc: int) -> None:
    """Let `webrtc` take packets of `formats`; payloaders add the extensions that these have."""
    transceiver = webrtc.get_static_pad(SINK).get_property('transceiver')
    caps = ';'.join(each.offered(ssrc) for each in formats)
    transceiver.set_property('codec-preferences', Gst.Caps.from_string(caps))


def make_clock_channel(webrtc: Element) -> Element:
    """Return the data channel `clock` (peer/clock_channel.py), made before the offer."""
    # Late messages are useless: neither in order nor retransmitted.
    options = Gst.Structure.from_string('options,ordered=false,max-retransmits=0')[0]
    return webrtc.emit('create-data-channel', clock_channel.LABEL, options)


def settle(reply: asyncio.Future[tuple[str, str]], result: tuple[str, str]) -> None:
    """Give `reply` its result, unless nobody waits for it any more."""
    if not reply.done():
        reply.set_result(result)


def reply_of(promise: Any, describe: bool) -> tuple[str, str]:
    """Return the offer, as SDP, and the error of a promise that webrtcbin has answered."""
    if promise.wait() != Gst.PromiseResult.REPLIED:
        return '', 'interrupted'
    # The structure must outlive what is taken from it: gi does not copy that.
    reply = promise.get_reply()
    if reply is not None and reply.has_field('error'):
        return '', str(reply.get_value('error').message)
    if not describe:
        return '', ''
    offer = reply.get_value('offer')
    return str(offer.sdp.as_text()), ''
