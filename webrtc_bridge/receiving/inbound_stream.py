"""One sender's video as it arrives: a session and the decoding of its frames."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import av

from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.frames import EncodedFrame
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.peer.session import SessionMessage
from webrtc_bridge.peer.watchdog import Watchdog
from webrtc_bridge.program.cancellation import finish
from webrtc_bridge.receiving.rhythm import Rhythm
from webrtc_bridge.receiving.selection import Liveness, StreamState
from webrtc_bridge.receiving.stream_meter import StreamMeter, StreamReport
from webrtc_bridge.signaling.protocol.messages import Message, Offer

STALE_AFTER = 2.0
'Seconds without a frame after which a stream is stale.'

LOOK_INTERVAL = 0.2
"""
Seconds without a frame after which a consumer is looked for that waits for a picture: it may have
come after the only one.
"""

logger = logging.getLogger(__name__)


class InboundStreamListener(Protocol):
    """Receives the video of a stream."""

    def wants_pictures(self) -> bool:
        """Return whether to decode, which costs more than all the rest."""

    def lacks_keyframe(self, stream: 'InboundStream') -> bool:
        """Return whether encoded frames are wanted, but only from a keyframe on."""

    def on_frame(self, stream: 'InboundStream', frame: EncodedFrame) -> None:
        """Take an encoded frame, in the event loop."""

    def on_picture(
        self, stream: 'InboundStream', picture: av.VideoFrame, frame: EncodedFrame
    ) -> None:
        """Take a picture and the frame that it was decoded from, in the decoder's thread."""

    def on_metadata(self, stream: 'InboundStream') -> None:
        """Note that the sender has changed the stream's `metadata`, in the event loop."""


class InboundStream:
    """
    Receive and decode a sender's video in the session that `offer` starts.

    `on_liveness` is called when frames have failed to come for `STALE_AFTER`, again after as long,
    and when they come again. It is not while the sender reports that it has nothing to send, which
    is usual for it, or is asked for nothing, and only once if it has had no picture yet. Of two
    streams the one with the higher `serial` is the newer. Belongs to the event loop.
    """

    def __init__(
        self,
        serial: int,
        offer: Offer,
        ice: IceOptions,
        send: Callable[[Message], object],
        listener: InboundStreamListener,
        on_liveness: Callable[['InboundStream', Liveness], None],
    ) -> None:
        self.serial = serial
        self.sender_id = offer.peer_id
        self.ended = False
        self.metadata: Metadata = {}
        self.meter = StreamMeter()
        self._rhythm = Rhythm()
        self.loop = asyncio.get_running_loop()
        self._listener = listener
        self._on_liveness = on_liveness
        self._liveness = Liveness.FRAMES
        self._decodes = False
        self._session = InboundSession(
            self.sender_id, offer.session_id, ice, send, self._on_frame, self._on_metadata
        )
        self._decoder = DecodingThread(self.sender_id, self._on_picture, self._on_picture_lost)
        self._watchdog = Watchdog(STALE_AFTER, self._on_silence)
        self._quiet = Watchdog(LOOK_INTERVAL, self._on_quiet)
        self.receive(offer)

    @property
    def session_id(self) -> str:
        """The id of this stream's session."""
        return self._session.session_id

    def receive(self, message: SessionMessage) -> None:
        """Take a signaling message of this stream's session."""
        self._session.receive(message)

    def end(self, reason: str) -> None:
        """Hand on nothing more, and end the session."""
        self.ended = True
        self._session.end(reason)

    @property
    def clock_uncertainty_ns(self) -> int | None:
        """Possible error of the times of capture; None before the sender's clock is measured."""
        best = self._session.clock_offset.best
        return best.uncertainty_ns if best else None

    def repair_within(self, seconds: float) -> None:
        """Wait no longer for lost packets; 0 is as long as the path needs."""
        self._session.repair_within(seconds)

    def request_keyframe(self) -> None:
        """Ask the sender for a keyframe."""
        self._session.request_keyframe()

    def set_idle(self, idle: bool) -> None:
        """Ask the sender for no video, or for video again."""
        if idle is self._session.idle:
            return
        self._session.set_idle(idle)
        if not idle:
            self.meter.resume(self.loop.time())
        why = 'pausing its video: nobody uses it' if idle else 'resuming its video'
        logger.info('%s: %s', self.sender_id, why)

    @property
    def _is_stale(self) -> bool:
        return self._liveness in (Liveness.ONLY_REPORTS, Liveness.NOTHING)

    @property
    def _state(self) -> StreamState:
        if self._is_stale:
            return StreamState.STALE
        # A sender that does not know how to pause goes on.
        pauses = self._session.idle and self._silence >= STALE_AFTER
        return StreamState.IDLE if pauses else StreamState.RECEIVING

    async def report(self) -> StreamReport:
        """Return how the stream is doing."""
        now = self.loop.time()
        fps, bitrate = self.meter.rates(now)
        clock = self._session.clock_offset
        return StreamReport(
            state=self._state,
            sender_id=self.sender_id,
            silence=None if self.meter.newest is None else now - self.meter.newest,
            codec=self.meter.codec,
            width=self.meter.width,
            height=self.meter.height,
            fps=fps,
            bitrate=bitrate,
            loss=self.meter.loss(*self._session.packet_counts),
            round_trip_ms=clock.newest.round_trip_ns / 1e6 if clock.newest else None,
            path=self._session.path(),
            latency_p50_ms=self.meter.latency_ms(0.5),
            latency_p95_ms=self.meter.latency_ms(0.95),
            dropped=self._decoder.dropped,
            skipped=self._session.skipped,
            freezes=self.meter.freezes,
            clock_offset_ms=clock.best.offset_ns / 1e6 if clock.best else None,
            clock_uncertainty_ms=clock.best.uncertainty_ns / 1e6 if clock.best else None,
        )

    async def run(self) -> str:
        """Run until the session ends or this is cancelled; return why it ended."""
        try:
            return await self._session.run()
        finally:
            self.ended = True
            self._watchdog.close()
            self._quiet.close()
            await finish(asyncio.to_thread(self._decoder.close))

    def _on_frame(self, frame: EncodedFrame) -> None:
        self._watchdog.heard()
        self._quiet.heard()
        if self._is_stale:
            logger.info('%s delivers again', self.sender_id)
        if self._liveness is not Liveness.FRAMES:
            self._set_liveness(Liveness.FRAMES)
        self._rhythm.note(frame)
        self.meter.frame(frame.codec.value, len(frame.data), self.loop.time())
        self._listener.on_frame(self, frame)
        self._decode(frame)

    def _decode(self, frame: EncodedFrame) -> None:
        """Pass `frame` to the decoder, if its picture is wanted; the first must be a keyframe."""
        if not self._listener.wants_pictures():
            self._decodes = False
            return
        if not (self._decodes or frame.keyframe):
            self._session.request_keyframe()
            return
        self._decodes = True
        self._decoder.put(frame)

    def _on_picture(self, picture: av.VideoFrame, frame: EncodedFrame) -> None:
        self._listener.on_picture(self, picture, frame)

    def _on_metadata(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self._listener.on_metadata(self)

    def _on_quiet(self) -> None:
        if self.ended:
            return
        wants_pictures = self._listener.wants_pictures()
        self._decodes = self._decodes and wants_pictures
        if (wants_pictures and not self._decodes) or self._listener.lacks_keyframe(self):
            self._session.request_keyframe()
        self._quiet.heard()  # look again after as long

    def _on_silence(self) -> None:
        if self.ended:
            return
        self._watchdog.heard()  # look again after as long
        silence = self._silence
        reports_come = self._session.reports_age < STALE_AFTER
        is_slow = self._session.is_quiet and silence < self._rhythm.usual_silence
        is_usual = is_slow or self._session.idle
        if silence < 0.9 * STALE_AFTER or (reports_come and is_usual):
            return
        has_frames = bool(self.meter.codec)  # `resume` sets `newest` without one
        if reports_come and self._session.waiting and not has_frames:
            self._wait()
            return
        if not self._is_stale:
            logger.warning('%s is stale: no frame for %.0f s', self.sender_id, silence)
        self._set_liveness(Liveness.ONLY_REPORTS if reports_come else Liveness.NOTHING)

    def _wait(self) -> None:
        if self._liveness is not Liveness.WAITING:
            logger.info('%s has no picture yet; waiting for the first', self.sender_id)
            self._set_liveness(Liveness.WAITING)

    @property
    def _silence(self) -> float:
        """Seconds in which there could have been a frame, but was none."""
        newest = self.meter.newest
        since = self._session.connected_for
        return since if newest is None else min(since, self.loop.time() - newest)

    def _set_liveness(self, liveness: Liveness) -> None:
        self._liveness = liveness
        self._on_liveness(self, liveness)

    def _on_picture_lost(self) -> None:
        self.loop.call_soon_threadsafe(self._session.request_keyframe)
