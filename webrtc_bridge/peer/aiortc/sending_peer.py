"""A connection of aiortc that sends the frames of a broadcast."""

from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.peer import clock_channel, metadata_channel
from webrtc_bridge.peer.aiortc.outbound_track import OutboundTrack
from webrtc_bridge.peer.aiortc.patches.h264_profiles import is_high, is_sent
from webrtc_bridge.peer.aiortc.patches.sending import EncodedFrameSender
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.metadata_channel import MetadataBroadcast
from webrtc_bridge.peer.outbound_session import SendingPeerListener


def preferences(codecs: tuple[Codec, ...]) -> list[RTCRtpCodecCapability]:
    """
    Return what of aiortc's codecs is to be offered, `codecs` first, retransmission last.

    A viewer accepts the first that it can decode, so H.264 starts with the High profile.
    """
    capabilities = RTCRtpSender.getCapabilities('video').codecs
    names = [codec.value for codec in codecs] + ['rtx']
    wanted = [each for each in capabilities if each.name in names and is_sent(each)]
    return sorted(wanted, key=lambda each: (names.index(each.name), not is_high(each)))


class AiortcSendingPeer(AiortcPeer):
    """
    Offer `codecs`, best first, and send `broadcast` in the one that the viewer takes.

    `metadata`, where there is some, goes to the viewer on a data channel of its own.
    """

    def __init__(
        self,
        peer_id: str,
        ice: IceOptions,
        listener: SendingPeerListener,
        broadcast: Broadcast,
        codecs: tuple[Codec, ...],
        metadata: MetadataBroadcast | None = None,
    ) -> None:
        super().__init__(peer_id, ice, listener)
        self._track = OutboundTrack(broadcast, lambda: listener.on_lost('sending failed'))
        transceiver = self.connection.addTransceiver(self._track, 'sendonly')
        transceiver.setCodecPreferences(preferences(codecs))
        self._frames = EncodedFrameSender(transceiver.sender, self._track, listener.on_feedback)
        # Late messages are useless: neither in order nor retransmitted.
        clock = self.connection.createDataChannel(
            clock_channel.LABEL, ordered=False, maxRetransmits=0
        )
        clock_channel.answer_clock_questions(
            clock, lambda: self._track.newest, listener.on_idle, broadcast.waits
        )
        self._metadata = metadata or MetadataBroadcast()
        self._metadata_channel = self.connection.createDataChannel(metadata_channel.LABEL)
        self._metadata.add(self._metadata_channel)

    @property
    def encoding(self) -> Encoding | None:
        """The encoding that the viewer gets; None before the first frame."""
        return self._track.subscription.encoding if self._track.subscription else None

    @property
    def sent(self) -> int:
        """The number of packets of video sent so far."""
        return self._frames.packets_sent

    @property
    def sent_bytes(self) -> int:
        """The bytes of video sent so far."""
        return self._track.subscription.sent_bytes if self._track.subscription else 0

    def change_layer(self, layer: Layer) -> None:
        """Send `layer`, from its next keyframe on."""
        if self._track.subscription:
            self._track.subscription.change_layer(layer)

    def pause(self, seconds: float) -> None:
        """Send nothing for `seconds`, and then a keyframe; nothing older is retransmitted."""
        if self._track.subscription:
            self._track.subscription.pause(seconds)
        self._frames.forget()

    def set_idle(self, idle: bool) -> None:
        """Send nothing, at no cost, while `idle`, and then a keyframe; idempotent."""
        if self._track.subscription:
            self._track.subscription.set_idle(idle)

    async def close(self) -> None:
        """Stop sending and close the connection; idempotent."""
        self._track.stop()
        self._metadata.discard(self._metadata_channel)
        await super().close()
