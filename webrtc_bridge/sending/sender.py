"""A source, its encoder, and the sessions of its viewers."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.media.codec.encoding_thread import EncodingThread, Frames
from webrtc_bridge.media.codec.keyframes import BRIDGE_AFTER
from webrtc_bridge.media.codec.passthrough import (
    Passthrough,
    PassthroughListener,
    PassthroughState,
)
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Encoding
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.media.rtp.rtp_time import RtpTime
from webrtc_bridge.options import EncoderOptions, SenderOptions
from webrtc_bridge.peer.aiortc.patches.private_parts import require_private_parts
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import AiortcSendingPeer
from webrtc_bridge.peer.metadata_channel import Metadata, MetadataBroadcast
from webrtc_bridge.peer.outbound_session import SendingPeerListener
from webrtc_bridge.sending.adaptation import Adaptation
from webrtc_bridge.sending.viewers import Viewers
from webrtc_bridge.signaling.protocol.messages import IceServer

CODECS = {
    'auto': (Codec.H264, Codec.VP8),
    'h264': (Codec.H264,),
    'vp8': (Codec.VP8,),
}


class Sender:
    """
    Offer the pictures of `frames` to every receiver that asks, all from one encode.

    `fps` is the rate the pictures come at. `on_watched` gets the number of viewers when it
    changes. Independent of ROS; belongs to the event loop.
    """

    def __init__(
        self,
        options: SenderOptions,
        encoder: EncoderOptions,
        frames: Frames,
        fps: float,
        on_watched: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._codecs = CODECS[encoder.codec]
        self._on_watched = on_watched
        # Kept from encode to encode, and shared with what is passed through, so that they rise.
        self._times = {codec: RtpTime() for codec in Codec}
        self._encoding = EncodingThread(frames, encoder, fps, self._deliver, self._times)
        self._frames = frames
        self._passthrough: Passthrough | None = None
        self._bridging: asyncio.TimerHandle | None = None
        stop_encoding = self._encoding.stop_encoding
        self._broadcast = Broadcast(self._on_keyframe_wanted, stop_encoding, self._waits)
        self._metadata = MetadataBroadcast()
        self._viewers = Viewers(options, self._make_peer, self._on_viewers, self._follow)
        self._adaptation = Adaptation(self._encoding, self._viewers)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def sender_id(self) -> str:
        """The id that receivers ask for; empty before the first registration."""
        return self._viewers.sender_id

    @property
    def connected(self) -> bool:
        """Return whether the sender is registered at the signaling server."""
        return self._viewers.connected

    @property
    def viewers(self) -> int:
        """The number of viewers that want video at this moment."""
        return self._viewers.watching

    def set_bitrates(self, lowest: int, highest: int) -> None:
        """
        Encode with bit rates between these from now on, in kbit/s; from any thread.

        A highest of 0 is automatic.
        """
        self._encoding.set_bitrates(lowest * 1000, highest * 1000)
        self._adapt()

    def set_metadata(self, metadata: Metadata) -> None:
        """Tell all receivers `metadata` about the pictures from now on; from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._metadata.update, metadata)
        else:
            self._metadata.update(metadata)

    def passthrough(self, name: str, on_picture: Callable[[CapturedFrame], None]) -> Passthrough:
        """
        Return a passthrough for the H.264 of the source `name`, instead of pictures.

        `on_picture` must put a picture into the sender's `frames`.
        """
        listener = PassthroughListener(
            watched=lambda: Codec.H264 in self._encoding.codecs,
            wants_pictures=self._encoding.wants_pictures,
            on_start=self._start_passing,
            on_frame=self._pass,
            on_picture=on_picture,
            on_no_pictures=self._frames.clear,
        )
        self._passthrough = Passthrough(name, self._times[Codec.H264], listener)
        return self._passthrough

    async def run(self) -> None:
        """Serve receivers until cancelled; then say bye to all of them."""
        require_private_parts()
        self._loop = asyncio.get_running_loop()
        self._encoding.start()
        try:
            await self._viewers.run()
        finally:
            if self._bridging:
                self._bridging.cancel()
            self._encoding.close()

    def _waits(self) -> bool:
        """Return whether the source has had no picture yet."""
        passed = self._passthrough
        return self._frames.unused and (passed is None or passed.state is PassthroughState.WAITING)

    def _on_keyframe_wanted(self, encoding: Encoding) -> None:
        self._encoding.allow_high_profile(self._broadcast.all_accept_high)
        self._encoding.request_keyframe(encoding)
        if self._passthrough is None:
            return
        if self._passthrough.passes and encoding == Encoding(Codec.H264):
            if self._loop and self._bridging is None:
                self._bridging = self._loop.call_later(BRIDGE_AFTER, self._bridge)
        else:
            self._passthrough.demand()

    def _bridge(self) -> None:
        """Encode for those who still wait for the source's next keyframe."""
        self._bridging = None
        if self._passthrough and self._passthrough.passes:
            self._broadcast.bridge(Encoding(Codec.H264))

    def _start_passing(self) -> None:
        self._encoding.restart(Codec.H264)
        self._encoding.note_passed(Codec.H264)
        self._adapt()

    def _pass(self, frame: EncodedFrame) -> None:
        self._encoding.note_passed(Codec.H264)
        self._deliver(frame)

    def _adapt(self) -> None:
        if self._loop:  # there are no viewers before run()
            self._loop.call_soon_threadsafe(self._follow)

    def _follow(self) -> None:
        self._adaptation.update()

    def _deliver(self, frame: EncodedFrame) -> None:
        assert self._loop is not None  # there are no viewers before run()
        self._loop.call_soon_threadsafe(self._broadcast.publish, frame)

    def _on_viewers(self) -> None:
        self._encoding.allow_high_profile(self._broadcast.all_accept_high)
        self._follow()
        self._on_watched(self.viewers)

    def _make_peer(
        self, peer_id: str, ice_servers: tuple[IceServer, ...], listener: SendingPeerListener
    ) -> AiortcSendingPeer:
        return AiortcSendingPeer(
            peer_id,
            IceOptions(ice_servers),
            listener,
            self._broadcast,
            self._codecs,
            self._metadata,
        )
