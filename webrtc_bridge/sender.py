"""A source, its encoder, and the sessions that watch it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from webrtc_bridge.media.broadcast import Broadcast
from webrtc_bridge.media.captured_frame import CapturedFrame
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.encoding_thread import EncodingThread, Frames
from webrtc_bridge.media.passthrough import Passthrough
from webrtc_bridge.media.rtp_time import RtpTime
from webrtc_bridge.options import EncoderOptions, SenderOptions
from webrtc_bridge.peer.aiortc_peer import IceOptions
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.peer.outbound_session import OutboundSession
from webrtc_bridge.signaling.client import SignalingClient
from webrtc_bridge.signaling.messages import (
    Answer,
    Bye,
    Candidate,
    ErrorReply,
    Message,
    RequestOffer,
    Role,
)

CODECS = {
    'auto': (Codec.H264, Codec.VP8),
    'h264': (Codec.H264,),
    'vp8': (Codec.VP8,),
}

MOST_SESSIONS = 64
"Sessions at once; a sender is a robot's computer, not a media server."

logger = logging.getLogger(__name__)


class Sender:
    """
    Offer the pictures of `frames` to every receiver that asks, all from one encode.

    `fps` is the rate the pictures come at. `on_watched` gets the number of sessions when it
    changes. Knows no ROS; belongs to the event loop.
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
        self._signaling = SignalingClient(
            options.server_url,
            Role.SENDER,
            peer_id=options.sender_id,
            name=options.name,
            on_message=self._on_message,
        )
        self._on_watched = on_watched
        # Kept from encode to encode, and shared with what is passed through, so that they rise.
        self._times = {codec: RtpTime() for codec in Codec}
        self._encoding = EncodingThread(frames, encoder, fps, self._deliver, self._times)
        self._broadcast = Broadcast(self._encoding.request_keyframe, self._encoding.stop_encoding)
        self._sessions: dict[str, tuple[OutboundSession, asyncio.Task[None]]] = {}
        self._metadata: Metadata = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def sender_id(self) -> str:
        """The id that receivers ask for; empty before the first registration."""
        return self._signaling.peer_id

    def set_bitrate(self, bitrate: int) -> None:
        """Encode with `bitrate` (kbit/s, 0 for automatic) from now on; from any thread."""
        self._encoding.set_bitrate(bitrate * 1000)

    def set_metadata(self, metadata: Metadata) -> None:
        """Tell all receivers `metadata` about the pictures from now on; from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._tell, metadata)
        else:
            self._metadata = metadata

    def passthrough(self, name: str, on_picture: Callable[[CapturedFrame], None]) -> Passthrough:
        """
        Return what takes the H.264 of the source `name`, where there are no pictures of it.

        `on_picture` is to put a picture into the sender's `frames`.
        """
        return Passthrough(
            name,
            self._times[Codec.H264],
            lambda: self._encoding.codecs,
            partial(self._encoding.begin_anew, Codec.H264),
            self._deliver,
            on_picture,
        )

    async def run(self) -> None:
        """Serve receivers until cancelled; then say bye to all of them."""
        self._loop = asyncio.get_running_loop()
        self._encoding.start()
        signaling = asyncio.ensure_future(self._signaling.run())
        try:
            await asyncio.shield(signaling)
        finally:
            await self._end_sessions()
            signaling.cancel()
            await asyncio.gather(signaling, return_exceptions=True)
            self._encoding.close()

    def _tell(self, metadata: Metadata) -> None:
        self._metadata = metadata
        for session, _ in self._sessions.values():
            session.metadata.update(metadata)

    async def _end_sessions(self) -> None:
        tasks = [task for _, task in self._sessions.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _deliver(self, frame: EncodedFrame) -> None:
        assert self._loop is not None  # nobody watches before
        self._loop.call_soon_threadsafe(self._broadcast.publish, frame)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, RequestOffer):
            self._start_session(message)
        elif isinstance(message, (Answer, Candidate, Bye)):
            session, _ = self._sessions.get(message.session_id, (None, None))
            if session:
                session.receive(message)
            else:
                logger.debug('%s of an ended session', message.TYPE)
        elif isinstance(message, ErrorReply):
            # Of two that say bye at once, or after a restart of the server, one is too late.
            level = logging.DEBUG if message.code == 'unknown_session' else logging.WARNING
            logger.log(level, 'the server refused %s: %s', message.ref, message.message)

    def _start_session(self, request: RequestOffer) -> None:
        for session, _ in self._sessions.values():
            if session.peer_id == request.peer_id:
                session.end('a newer session of the same receiver')
        if len(self._sessions) >= MOST_SESSIONS:
            reason = f'all {MOST_SESSIONS} sessions are in use'
            self._signaling.send(Bye(request.peer_id, request.session_id, reason))
            return
        session = OutboundSession(
            request.peer_id,
            request.session_id,
            IceOptions(servers=tuple(self._signaling.ice_servers)),
            self._signaling.send,
            self._broadcast,
            self._codecs,
            self._metadata,
        )
        task = asyncio.create_task(self._live(session))
        self._sessions[request.session_id] = (session, task)
        self._on_watched(len(self._sessions))

    async def _live(self, session: OutboundSession) -> None:
        try:
            await session.run()
        except Exception:
            logger.exception('session with %s failed', session.peer_id)
        finally:
            del self._sessions[session.session_id]
            self._on_watched(len(self._sessions))
