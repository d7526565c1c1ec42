"""A session in which the peer's video is received."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from math import inf

from aiortc import RTCDataChannel, RTCRtpReceiver
from aiortc.mediastreams import MediaStreamTrack

from webrtc_bridge.errors import SessionError
from webrtc_bridge.media.frames import EncodedFrame
from webrtc_bridge.media.rtp.capture_clock import CaptureClock
from webrtc_bridge.media.rtp.repair_pace import RepairPace
from webrtc_bridge.peer import clock_channel, metadata_channel
from webrtc_bridge.peer.aiortc.patches.ice import selected_path
from webrtc_bridge.peer.aiortc.patches.receiving.encoded_frames import (
    EncodedFrameReceiver,
    on_empty_report,
    on_sender_report,
)
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.clock_channel import ClockQuestions
from webrtc_bridge.peer.clock_offset import ClockOffset
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.peer.publisher_answer import for_publisher
from webrtc_bridge.peer.session import Description, Session
from webrtc_bridge.peer.simulcast import taking_best_layer
from webrtc_bridge.signaling.protocol.messages import Answer, IceCandidate, Message, Offer

REPORT_TIMEOUT = 0.02
"""
Seconds that the first frame is held for the sender report with its time of capture (RFC 3550,
section 6.4.1). Our senders' report follows it at once.
"""

OLD_NS, CLOCK_TIMEOUT = 1_000_000_000, 0.1
"""
Nanoseconds of age beyond which the first frame is held until the clocks have been compared, too,
and for how many seconds at most: whether the picture is old or a clock wrong is not known before.
"""


def ignore(metadata: Metadata) -> None:
    """Take no metadata."""


class InboundSession(Session):
    """
    Answer the peer's offer and hand its encoded frames to `on_frame`, in the event loop.

    `on_metadata` gets the peer's metadata about them.
    """

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        ice: IceOptions,
        send: Callable[[Message], object],
        on_frame: Callable[[EncodedFrame], None],
        on_metadata: Callable[[Metadata], None] = ignore,
    ) -> None:
        super().__init__(peer_id, session_id, send)
        self.clock_offset = ClockOffset()
        self._capture_clock = CaptureClock()
        self._on_frame = on_frame
        self._on_metadata = on_metadata
        self._frames: EncodedFrameReceiver | None = None
        self._held: list[EncodedFrame] | None = []
        self._hold: asyncio.TimerHandle | None = None
        self._clock_questions = ClockQuestions(self.clock_offset)
        self._pace = RepairPace()
        self._reported_at: float | None = None
        self._connected_at: float | None = None
        self._sent = 0
        self._is_quiet = False
        self._frame_came = False
        self._peer = AiortcPeer(peer_id, ice, self)
        self._peer.connection.on('track', self._on_track)
        self._peer.connection.on('datachannel', self._on_data_channel)

    @property
    def reports_age(self) -> float:
        """Seconds since the newest RTCP report of the sender; these come without frames, too."""
        return inf if self._reported_at is None else time.monotonic() - self._reported_at

    @property
    def is_quiet(self) -> bool:
        """Return whether the sender reports that it sent nothing after the newest frame."""
        return self._is_quiet

    @property
    def waiting(self) -> bool:
        """Return whether the sender reports that it has had no picture yet."""
        return self._clock_questions.waiting

    @property
    def connected_for(self) -> float:
        """Seconds since the connection was established; 0 before."""
        return 0.0 if self._connected_at is None else time.monotonic() - self._connected_at

    def on_connected(self) -> None:
        """Note when that was."""
        super().on_connected()
        self._connected_at = time.monotonic()

    @property
    def idle(self) -> bool:
        """Return whether the sender is asked to send no video; not each one knows that."""
        return self._clock_questions.idle

    def set_idle(self, idle: bool) -> None:
        """Ask the sender for no video, or for video again."""
        self._clock_questions.set_idle(idle)

    def repair_within(self, seconds: float) -> None:
        """Wait no longer for lost packets; 0 is as long as the path needs."""
        self._pace.max_delay = seconds

    def request_keyframe(self) -> None:
        """Ask the peer for a keyframe (PLI, RFC 4585, section 6.3.1)."""
        if self._frames:
            self._frames.request_keyframe()

    @property
    def skipped(self) -> int:
        """The number of lost packets that were given up for a keyframe."""
        return self._frames.skipped if self._frames else 0

    @property
    def packet_counts(self) -> tuple[int, int]:
        """The numbers of RTP packets of the media that were received and lost."""
        return self._frames.packet_counts if self._frames else (0, 0)

    def path(self) -> str:
        """Return the selected candidate pair; empty before there is one."""
        receivers = (t.receiver for t in self._peer.connection.getTransceivers())
        return next((selected_path(receiver) for receiver in receivers), '')

    async def _negotiate(self) -> None:
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Offer):
            await self._peer.apply('offer', message.sdp)
            if self._frames is None:
                raise SessionError(self.peer_id, 'bad offer: no video')
            answer = await self._peer.answer()
            sdp = taking_best_layer(for_publisher(answer, message.sdp), message.sdp)
            self._send(Answer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))

    async def _on_candidate(self, candidate: IceCandidate | None) -> None:
        await self._peer.candidate(candidate)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == 'video' and self._frames is None:
            receiver = self._receiver_of(track)
            self._frames = EncodedFrameReceiver(receiver, self._on_assembled, self._pace)
            on_sender_report(receiver, self._on_report)
            on_empty_report(receiver, self._on_empty_report)

    def _receiver_of(self, track: MediaStreamTrack) -> RTCRtpReceiver:
        receivers = (t.receiver for t in self._peer.connection.getTransceivers())
        return next(receiver for receiver in receivers if receiver.track is track)

    def _on_data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == clock_channel.LABEL:
            self._clock_questions.ask_on(channel)
        elif channel.label == metadata_channel.LABEL:
            metadata_channel.receive_metadata(channel, self._on_metadata)

    def _on_empty_report(self) -> None:
        self._reported_at = time.monotonic()
        self._is_quiet = True

    def _on_report(self, timestamp: int, ntp_timestamp: int, sent: int) -> None:
        self._reported_at = time.monotonic()
        self._is_quiet = self._frame_came or sent == self._sent
        if self._frame_came:
            self._sent, self._frame_came = sent, False
        if self._capture_clock.report(timestamp, ntp_timestamp):
            self._clock_questions.ask_again()
        if self._held and self.clock_offset.best is None and self._is_old(self._held[0]):
            self._hold_for(CLOCK_TIMEOUT)
        else:
            self._release_held()

    def _is_old(self, frame: EncodedFrame) -> bool:
        captured = self._capture_clock.time_ns(frame.timestamp)
        return captured is not None and abs(frame.time_ns - captured) > OLD_NS

    def _on_assembled(self, frame: EncodedFrame) -> None:
        self._frame_came = True
        self._clock_questions.look()
        if self._held is None:
            self._deliver(frame)
            return
        if not self._held:
            self._hold_for(REPORT_TIMEOUT)
        self._held.append(frame)

    def _hold_for(self, seconds: float) -> None:
        if self._hold:
            self._hold.cancel()
        self._hold = asyncio.get_running_loop().call_later(seconds, self._release_held)

    def _release_held(self) -> None:
        held, self._held = self._held or [], None
        for frame in held:
            self._deliver(frame)

    def _deliver(self, frame: EncodedFrame) -> None:
        captured = self._capture_clock.time_ns(frame.timestamp)
        if self._capture_clock.contradicted and self.clock_offset.best is None:
            # A clock may have been set. GStreamer's webrtcbin contradicts itself by seconds, over
            # and over again.
            captured = None
        if captured is not None:
            # Now, and only once: a later measurement of the clocks must not move a known frame.
            captured = self.clock_offset.to_ours(captured)
            frame = dataclasses.replace(frame, capture_ns=captured)
        self._on_frame(frame)

    async def _close(self) -> None:
        if self._frames:
            self._frames.close()
        if self._hold:
            self._hold.cancel()
        await self._clock_questions.close()
        await self._peer.close()
