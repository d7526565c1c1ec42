"""A session in which the peer watches."""

from collections.abc import Callable

from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from webrtc_bridge.media.broadcast import Broadcast
from webrtc_bridge.media.encoded_frame import Codec
from webrtc_bridge.media.outbound_track import OutboundTrack
from webrtc_bridge.peer import clock_channel, metadata_channel
from webrtc_bridge.peer.aiortc_peer import IceOptions
from webrtc_bridge.peer.aiortc_session import AiortcSession
from webrtc_bridge.peer.aiortc_tuning.sending import send_encoded_frames
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.peer.session import Description
from webrtc_bridge.peer.watchdog import Watchdog
from webrtc_bridge.signaling.messages import Answer, Message, Offer

SILENCE = 10.0
"""
Seconds of video without an RTCP report after which a viewer is gone; they come every second or
so, but from aiortc not before the first frame.
"""


def preferences(codecs: tuple[Codec, ...]) -> list[RTCRtpCodecCapability]:
    """Return what of aiortc's codecs is to be offered, `codecs` first, retransmission last."""
    capabilities = RTCRtpSender.getCapabilities('video').codecs
    names = [codec.value for codec in codecs] + ['rtx']
    wanted = [capability for capability in capabilities if capability.name in names]
    return sorted(wanted, key=lambda capability: names.index(capability.name))


class OutboundSession(AiortcSession):
    """
    Offer `codecs`, best first, to the peer and send it a broadcast in the one it takes.

    `metadata` is told to the peer beside, and so is what it is later updated to.
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
    ) -> None:
        super().__init__(peer_id, session_id, ice, send)
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
        self._watchdog = Watchdog(SILENCE, self._on_silence)
        send_encoded_frames(transceiver.sender, self._track, self._on_feedback)

    async def _negotiate(self) -> None:
        sdp = await self._peer.offer()
        self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Answer):
            await self._peer.apply('answer', message.sdp)

    def _on_connected(self) -> None:
        super()._on_connected()
        self._watchdog.heard()  # connecting may have taken longer than the silence allowed

    def _on_feedback(self) -> None:
        self._sent_when_heard = self._track.sent
        self._watchdog.heard()

    def _on_silence(self) -> None:
        if self._track.sent > self._sent_when_heard:
            self.end(f'no feedback from the viewer for {SILENCE:.0f} s')
        else:
            self._watchdog.heard()  # there was nothing that it could have reported

    def _release(self) -> None:
        self._watchdog.close()
        self._track.stop()
