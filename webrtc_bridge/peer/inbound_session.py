"""A session in which the peer's video is watched here."""

from collections.abc import Callable

from aiortc import RTCRtpReceiver
from aiortc.mediastreams import MediaStreamTrack

from webrtc_bridge.media.capture_clock import CaptureClock
from webrtc_bridge.media.encoded_frame import EncodedFrame
from webrtc_bridge.peer.aiortc_peer import IceOptions
from webrtc_bridge.peer.aiortc_tuning import EncodedFrameReceiver, on_sender_report
from webrtc_bridge.peer.session import Description, Session
from webrtc_bridge.signaling.messages import Answer, Message, Offer


class InboundSession(Session):
    """Answer the peer's offer and hand its encoded frames to `on_frame`, in the event loop."""

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        ice: IceOptions,
        send: Callable[[Message], object],
        on_frame: Callable[[EncodedFrame], None],
    ) -> None:
        super().__init__(peer_id, session_id, ice, send)
        self.capture_clock = CaptureClock()
        self._on_frame = on_frame
        self._frames: EncodedFrameReceiver | None = None
        self._peer.connection.on('track', self._on_track)

    def request_keyframe(self) -> None:
        """Tell the peer that the picture is lost."""
        if self._frames:
            self._frames.request_keyframe()

    async def packet_counts(self) -> tuple[int, int]:
        """Return how many RTP packets came and how many did not."""
        report = await self._peer.connection.getStats()
        streams = [entry for entry in report.values() if entry.type == 'inbound-rtp']
        return sum(s.packetsReceived for s in streams), sum(s.packetsLost for s in streams)

    async def _negotiate(self) -> None:
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Offer):
            await self._peer.apply('offer', message.sdp)
            sdp = await self._peer.answer()
            self._send(Answer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == 'video' and self._frames is None:
            receiver = self._receiver_of(track)
            self._frames = EncodedFrameReceiver(receiver, self._on_frame)
            on_sender_report(receiver, self.capture_clock.report)

    def _receiver_of(self, track: MediaStreamTrack) -> RTCRtpReceiver:
        receivers = (t.receiver for t in self._peer.connection.getTransceivers())
        return next(receiver for receiver in receivers if receiver.track is track)

    def _release(self) -> None:
        if self._frames:
            self._frames.close()
