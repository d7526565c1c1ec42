"""Patches to aiortc's receiver: encoded frames with their last packet, and sender reports."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.rtp.frame_assembler import FrameAssembler, MediaPacket, Repair
from webrtc_bridge.media.rtp.repair_pace import RepairPace
from webrtc_bridge.peer.aiortc.patches.consent import round_trip
from webrtc_bridge.peer.aiortc.patches.header_extensions import (
    keep_source_headers,
    source_header_of,
)
from webrtc_bridge.peer.aiortc.patches.receiving.arrival_reports import ArrivalReports
from webrtc_bridge.peer.aiortc.patches.rtp_guard import bound_streams


def on_sender_report(receiver: RTCRtpReceiver, on_report: Callable[[int, int, int], None]) -> None:
    """
    Call `on_report` for each report that `receiver` gets.

    It takes the RTP and NTP timestamps, and the number of packets sent so far.
    """
    private: Any = receiver
    handle_rtcp_packet = private._handle_rtcp_packet

    async def with_report(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            on_report(info.rtp_timestamp, info.ntp_timestamp, info.packet_count)
        await handle_rtcp_packet(packet)

    private._handle_rtcp_packet = with_report


def on_empty_report(receiver: RTCRtpReceiver, on_report: Callable[[], None]) -> None:
    """Call `on_report` when the peer reports that it has not sent for a while (RFC 3550, 6.4)."""
    router: Any = receiver.transport._rtp_router
    route = router.route_rtcp

    def noting_empty(packet: AnyRtcpPacket) -> Any:
        if isinstance(packet, RtcpRrPacket):
            on_report()
        return route(packet)

    router.route_rtcp = noting_empty


class _ResentStreams(dict[int, int]):
    """
    The stream whose packets a stream repeats, by SSRC; if not declared, the only stream.

    GStreamer's senders declare nothing (RFC 5576, section 4.2), and aiortc would take none of
    their retransmissions.
    """

    def __init__(self, known: dict[int, int], media_ssrc: Callable[[], int]) -> None:
        super().__init__(known)
        self._media_ssrc = media_ssrc

    def get(self, ssrc: int, default: Any = None) -> Any:
        return super().get(ssrc) or self._media_ssrc() or default


class EncodedFrameReceiver:
    """
    Replace a receiver's jitter buffer and decoder: encoded frames go to `on_frame`.

    This saves two frames' worth of delay: the buffer's wait for the next frame, and a queue
    without a bound in front of the decoder's thread, which stays idle.
    """

    def __init__(
        self,
        receiver: Any,
        on_frame: Callable[[EncodedFrame], None],
        pace: RepairPace | None = None,
    ) -> None:
        self._receiver = receiver  # an RTCRtpReceiver; mypy does not know its private parts
        self._on_frame = on_frame
        self._pace = pace or RepairPace()
        self._assemblers: dict[int, FrameAssembler] = {}
        self._skipped_before = 0  # in streams that have ended
        self._media_ssrc = 0
        self._timer: asyncio.TimerHandle | None = None
        self._feedback: set[asyncio.Task[None]] = set()
        self._closed = False
        keep_source_headers(receiver)
        self._receiver._RTCRtpReceiver__jitter_buffer = self
        # It requests all that is missing with each gap, however lately it did, and does not again.
        self._receiver._RTCRtpReceiver__nack_generator = None
        bound_streams(receiver)
        known = self._receiver._RTCRtpReceiver__rtx_ssrc
        self._receiver._RTCRtpReceiver__rtx_ssrc = _ResentStreams(known, lambda: self._media_ssrc)
        self._arrivals = ArrivalReports(
            receiver,
            lambda: self._media_ssrc,
            lambda report: self._send(receiver._send_rtcp(report)),
        )

    @property
    def skipped(self) -> int:
        """The number of times that frames were given up for a keyframe."""
        return self._skipped_before + sum(
            assembler.skipped for assembler in self._assemblers.values()
        )

    @property
    def packet_counts(self) -> tuple[int, int]:
        """The numbers of packets of the media received and lost, retransmissions left out."""
        # RTCRtpReceiver.getStats() has a single entry, of whichever stream came last.
        streams = self._receiver._RTCRtpReceiver__remote_streams
        stream = streams.get(self._media_ssrc)
        return (stream.packets_received, stream.packets_lost) if stream else (0, 0)

    def close(self) -> None:
        """Ask for nothing more."""
        self._closed = True
        self._arrivals.close()
        if self._timer:
            self._timer.cancel()
        for task in self._feedback:
            task.cancel()

    def request_keyframe(self) -> None:
        """Tell the sender that the picture is lost (PLI, RFC 4585 section 6.3.1)."""
        if self._media_ssrc:
            self._send(self._receiver._send_rtcp_pli(self._media_ssrc))

    def add(self, packet: Any) -> tuple[bool, None]:
        """Take a packet: aiortc calls this as `JitterBuffer.add`, and never gets a frame back."""
        assembler = self._assembler_of(packet)
        if assembler is None or self._closed:
            return False, None
        media_packet = MediaPacket(
            packet.sequence_number,
            packet.timestamp,
            bool(packet.marker),
            packet.payload,
            packet._data,
            time.time_ns(),
            source_header_of(packet),
        )
        for frame in assembler.add(media_packet, time.monotonic()):
            self._on_frame(frame)
        if assembler.has_new_gap:
            self._request(assembler.request(time.monotonic()))
        if assembler.in_need and self._timer is None:
            self._repair_later()
        return False, None

    def _assembler_of(self, packet: Any) -> FrameAssembler | None:
        """Return the assembler of the packet's stream; a sender that restarts is a new stream."""
        if packet.ssrc not in self._assemblers:
            codec = self._receiver._RTCRtpReceiver__codecs[packet.payload_type]
            if codec.name not in Codec.__members__:
                return None
            self._skipped_before = self.skipped
            self._assemblers = {packet.ssrc: FrameAssembler(Codec(codec.name), self._pace)}
            self._media_ssrc = packet.ssrc
        return self._assemblers[packet.ssrc]

    def _repair_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._pace.interval, self._repair)

    def _repair(self) -> None:
        self._timer = None
        assembler = self._assemblers.get(self._media_ssrc)
        if assembler is None or not assembler.in_need:
            return
        self._pace.round_trip = round_trip(self._receiver)
        self._request(assembler.repair(time.monotonic()))
        self._repair_later()

    def _request(self, repair: Repair) -> None:
        if repair.keyframe:
            self.request_keyframe()
        elif repair.nack:
            # In this order: aiortc 1.16 cannot write numbers that wrap.
            numbers = sorted(repair.nack)
            self._send(self._receiver._send_rtcp_nack(self._media_ssrc, numbers))

    def _send(self, feedback: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(feedback)
        self._feedback.add(task)
        task.add_done_callback(self._feedback.discard)
