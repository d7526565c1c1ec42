"""A session in which the peer watches."""

import asyncio
import logging
from collections.abc import Callable

from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.peer import clock_channel, metadata_channel
from webrtc_bridge.peer.aiortc.outbound_track import OutboundTrack
from webrtc_bridge.peer.aiortc.patches.sending import EncodedFrameSender
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.session import AiortcSession
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.peer.session import Description
from webrtc_bridge.peer.viewer_watchdog import ViewerWatchdog
from webrtc_bridge.signaling.protocol.messages import Answer, Message, Offer

logger = logging.getLogger(__name__)


def preferences(codecs: tuple[Codec, ...]) -> list[RTCRtpCodecCapability]:
    """Return what of aiortc's codecs is to be offered, `codecs` first, retransmission last."""
    capabilities = RTCRtpSender.getCapabilities('video').codecs
    names = [codec.value for codec in codecs] + ['rtx']
    wanted = [capability for capability in capabilities if capability.name in names]
    return sorted(wanted, key=lambda capability: names.index(capability.name))


class OutboundSession(AiortcSession):
    """
    Offer `codecs`, best first, to the peer and send it a broadcast in the one it takes.

    `metadata` is told to the peer beside, and so is what it is later updated to. `on_link` is
    called when something else has become known of what the `link` to the peer carries.
    """

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        ice: IceOptions,
        send: Callable[[Message], object],
        broadcast: Broadcast,
        codecs: tuple[Codec, ...],
        metadata: Metadata | None = None,
        on_link: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(peer_id, session_id, ice, send)
        self.link = BandwidthEstimator()
        self.on_link = on_link
        self._track = OutboundTrack(broadcast)
        transceiver = self._peer.connection.addTransceiver(self._track, 'sendonly')
        transceiver.setCodecPreferences(preferences(codecs))
        # What comes too late is of no use: neither in order nor sent again.
        connection = self._peer.connection
        clock = connection.createDataChannel(clock_channel.LABEL, ordered=False, maxRetransmits=0)
        clock_channel.answer_clock_questions(clock, lambda: self._track.newest)
        channel = connection.createDataChannel(metadata_channel.LABEL)
        self.metadata = metadata_channel.MetadataSender(channel, metadata or {})
        self._sent_when_heard = 0
        self._watchdog = ViewerWatchdog(self._on_silence)
        self._frames = EncodedFrameSender(transceiver.sender, self._track, self._on_feedback)

    def peer_left(self) -> None:
        """Take it that the viewer may be gone."""
        self._watchdog.left()

    @property
    def encoding(self) -> Encoding | None:
        """The encoding that the peer gets; None before the first frame."""
        return self._track.subscription.encoding if self._track.subscription else None

    def change_layer(self, layer: Layer) -> None:
        """Let the peer get `layer` from its next keyframe on."""
        if self._track.subscription:
            self._track.subscription.change_layer(layer)

    async def _negotiate(self) -> None:
        sdp = await self._peer.offer()
        self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Answer):
            await self._peer.apply('answer', message.sdp)

    def _on_connected(self) -> None:
        super()._on_connected()
        self._watchdog.begin()  # connecting may have taken longer than the silence allowed
        self.link.begin(asyncio.get_running_loop().time())

    def _on_feedback(self, feedback: Feedback) -> None:
        self._sent_when_heard = self._track.sent
        self._watchdog.heard()
        if subscription := self._track.subscription:
            before, now = self.link.rate, asyncio.get_running_loop().time()
            if pause := self.link.report(feedback, subscription.sent_bytes, now):
                logger.debug('%s: nothing for %.2f s, its link is full', self.peer_id, pause)
                subscription.pause(pause)
                self._frames.forget()
            if self.link.rate != before:
                self.on_link()

    def _on_silence(self, reason: str) -> None:
        if self._track.sent > self._sent_when_heard:
            self.end(reason)
        else:
            # There was nothing to report: aiortc's first report follows the first frame.
            self._watchdog.begin()

    def _release(self) -> None:
        self._watchdog.close()
        self._track.stop()
