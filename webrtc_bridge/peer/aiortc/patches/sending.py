"""Patches to aiortc's sender: encoded frames as they are, and reports with capture times."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from aioice.turn import TurnTransport
from aiortc import RTCRtpCodecParameters
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import AnyRtcpPacket, RtcpSenderInfo, RtcpSrPacket

from webrtc_bridge.media.bandwidth.feedback import NOTHING, Feedback
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.rtp.capture_clock import to_ntp
from webrtc_bridge.media.rtp.outbound_rtp import OutboundRtp, RtpFormat
from webrtc_bridge.media.rtp.rtp_time import tells_another_time
from webrtc_bridge.peer.aiortc.patches import feedback as rtcp
from webrtc_bridge.peer.aiortc.patches.h264_profiles import accepts_high
from webrtc_bridge.peer.watchdog import Watchdog

REPORT_TICKS, REPORT_NS = 9, 100_000
"""
RTP time, and the same in nanoseconds, of which a report is a multiple later than the newest frame:
exactly, so that it says the same about every frame as the frame's own time.
"""

MOST_WAITING, LOOK_AGAIN = 64 * 1024, 0.01
"""
Bytes that may wait in this process for a socket that is full, and seconds until it is checked
again. That is rare: a TURN server over TCP on a slow path. asyncio's buffer has no bound; the
frames of a subscription have one, and are dropped up to a keyframe.
"""

BURST, PIECE, PIECE_INTERVAL = 96, 32, 0.004
"""
Packets of a frame that are sent at once; of a larger one, how many, and after how many seconds
the next: 83 Mbit/s. A receiver's socket has room for 92 packets (Linux counts 2,304 bytes each,
of 212 kB), and ours handles one in 0.1 ms: of 700 that are sent at once most never arrive.
"""

LAST_AGAIN = 0.3
"""
Seconds without a frame after which the last packet is sent again, once. A viewer knows of a lost
packet by a later one, and the next picture may be a minute away, or never come.
"""

logger = logging.getLogger(__name__)


class EncodedTrack(Protocol):
    """
    The frames to send.

    `accepts_high` is set to whether the viewer accepts the High profile of H.264, `newest` to the
    RTP timestamp and the capture time of the last frame.
    """

    accepts_high: bool
    newest: tuple[int, int] | None

    async def next(self, codec: Codec) -> EncodedFrame:
        """Wait for the next frame. Raises: MediaStreamError once stopped."""

    def request_keyframe(self) -> None:
        """Ask for a keyframe: the viewer lost the picture."""

    def stop(self) -> None:
        """Deliver no more frames."""

    def fail(self) -> None:
        """Note that they cannot be sent: without video a session is of no use."""


class EncodedFrameSender:
    """
    Replace a sender's encoder and packetizer: `track`'s frames go out as they are.

    aiortc encodes for each connection (aiortc/aiortc#544). Through its public interface for
    encoded video, `av.Packet`s from the track's `recv()`, every session would cut every frame into
    payloads again, write its packets field by field and await each. The receiver's reports go to
    `on_feedback`, and an empty `Feedback` for each of its RTCP packets, whatever it says; its
    requests for a keyframe go to the track. The sender's own reports pair the newest RTP timestamp
    with the time its frame was captured.
    """

    def __init__(
        self,
        sender: Any,
        track: EncodedTrack,
        on_feedback: Callable[[Feedback], None],
    ) -> None:
        self._sender = sender  # an RTCRtpSender; mypy does not know its private parts
        self._track = track
        self._on_feedback = on_feedback
        self._newest: EncodedFrame | None = None
        self._newest_at = 0
        self._reported = SentReports()
        self._rtp: OutboundRtp | None = None
        self._silence: Watchdog | None = None
        self._start = sender.send
        self._send_rtcp = self._sender._send_rtcp
        self._sender.send = self._start_with
        self._sender._run_rtp = self._run
        self._sender._send_rtcp = self._send_with_capture_time
        self._sender._handle_rtcp_packet = self._on_rtcp
        self._router = sender.transport._rtp_router
        self._route = self._router.route_rtcp
        rtcp.keep_arrivals()
        self._router.route_rtcp = self._note_rtcp

    @property
    def packets_sent(self) -> int:
        """The number of packets sent so far, without retransmissions."""
        count: int = self._sender._RTCRtpSender__packet_count
        return count

    def forget(self) -> None:
        """Retransmit nothing sent so far: it waits in a full link, or is no longer useful."""
        if self._rtp:
            self._rtp.forget()

    async def _start_with(self, parameters: RTCRtpSendParameters) -> None:
        """Start, in place of `RTCRtpSender.send`, with what was negotiated."""
        self._rtp = OutboundRtp(self._format(parameters))
        self._track.accepts_high = accepts_high(parameters)
        await self._start(parameters)

    def _format(self, parameters: RTCRtpSendParameters) -> RtpFormat:
        payload_type = parameters.codecs[0].payloadType
        again = [c for c in parameters.codecs if c.parameters.get('apt') == payload_type]
        return RtpFormat(
            ssrc=self._sender._ssrc,
            payload_type=payload_type or 0,
            mid=parameters.muxId,
            extension_ids={entry.uri: entry.id for entry in parameters.headerExtensions},
            retransmission=(self._sender._rtx_ssrc, again[0].payloadType or 0) if again else None,
        )

    async def _run(self, codec: RTCRtpCodecParameters) -> None:
        """Send until cancelled or disconnected: `RTCRtpSender._run_rtp`."""
        self._sender._RTCRtpSender__rtp_started.set()
        try:
            with contextlib.suppress(ConnectionError, MediaStreamError):
                await self._send_frames(Codec(codec.name))
        except Exception:
            logger.exception('sending failed')
            self._track.fail()
        finally:
            if self._silence:
                self._silence.close()
            self._track.stop()
            # RTCRtpSender.stop() waits for it.
            self._sender._RTCRtpSender__rtp_exited.set()

    async def _send_frames(self, codec: Codec) -> None:
        while True:
            await self._room_to_send()
            frame = await self._track.next(codec)
            before, self._newest = self._newest, frame
            self._newest_at = time.monotonic_ns()
            if before and tells_another_time(before, frame):
                # Ahead of the frame, which would be taken for one of another time.
                assert self._rtp is not None
                timestamp = self._rtp.timestamp(frame.timestamp)
                self._sender._RTCRtpSender__rtp_timestamp = timestamp
                await self._send_with_capture_time([self._report()])
            await self._send(frame)
            if self._silence is None:
                self._silence = Watchdog(LAST_AGAIN, self._send_last_again)
            self._silence.heard()
            if before is None:
                # aiortc's own next report takes a second, and before it the receiver does not
                # know when the pictures it shows were captured.
                await self._send_with_capture_time([self._report()])

    async def _room_to_send(self) -> None:
        # aioice's protocols leave out what asyncio would call: pause_writing, resume_writing.
        while not self._has_room():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN)

    def _has_room(self) -> bool:
        return waiting_bytes(self._sender.transport.transport._connection) <= MOST_WAITING

    async def _send(self, frame: EncodedFrame) -> None:
        assert self._rtp is not None  # set before this runs
        packets = self._rtp.packets(
            frame.payloads, frame.timestamp, time.monotonic(), frame.header
        )
        timestamp = self._rtp.timestamp(frame.timestamp)
        self._sender._RTCRtpSender__rtp_timestamp = timestamp  # reports may fall between pieces
        if len(packets) <= BURST:
            self._send_packets(packets)
        else:
            numbered = self._rtp.numbered
            first = numbered.next - len(packets)
            for start in range(0, len(packets), PIECE):
                piece = packets[start : start + PIECE]
                numbered.postpone(first + start, len(piece), time.monotonic())
                self._send_packets(piece)
                await asyncio.sleep(PIECE_INTERVAL)
        self._track.newest = (timestamp, frame.time_ns)
        self._sender._RTCRtpSender__packet_count += len(packets)
        self._sender._RTCRtpSender__octet_count += sum(map(len, frame.payloads))

    def _send_packets(self, packets: list[bytes]) -> None:
        """
        Send `packets` at once, without a coroutine and four calls for every packet.

        Raises: ConnectionError once the peer cannot be reached.
        """
        dtls = self._sender.transport
        pair = dtls.transport._connection._nominated.get(1)
        if dtls.state != 'connected' or pair is None:
            raise ConnectionError
        protect = dtls._tx_srtp.protect
        sendto, address = pair.protocol.transport.sendto, pair.remote_addr
        for packet in packets:
            sendto(protect(packet), address)

    def _note_rtcp(self, packet: AnyRtcpPacket) -> Any:
        """
        Note that the viewer is there, and the arrivals that it reports: `RtpRouter.route_rtcp`.

        That routes neither empty reports nor those of libwebrtc about retransmissions.
        """
        self._on_feedback(rtcp.arrivals_in(packet, self._rtp.numbered) if self._rtp else NOTHING)
        return self._route(packet)

    async def _on_rtcp(self, packet: AnyRtcpPacket) -> None:
        """Handle a receiver's packet: `RTCRtpSender._handle_rtcp_packet`."""
        if rtcp.is_lost(packet):
            self._track.request_keyframe()
        elif numbers := rtcp.lost(packet):
            self._send_again(numbers)
        elif feedback := rtcp.feedback_of(packet, self._sender._ssrc, self._reported):
            self._on_feedback(feedback)

    def _send_again(self, numbers: list[int]) -> None:
        assert self._rtp is not None
        now = time.monotonic()
        packets = (self._rtp.retransmission(number, now) for number in numbers)
        self._send_packets([packet for packet in packets if packet])

    def _send_last_again(self) -> None:
        assert self._rtp is not None
        if self._has_room():
            with contextlib.suppress(ConnectionError):
                self._send_again([self._rtp.last])

    async def _send_with_capture_time(self, packets: list[AnyRtcpPacket]) -> None:
        """Send reports with times of capture instead of sending: `RTCRtpSender._send_rtcp`."""
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                self._set_times(packet.sender_info)
        await self._send_rtcp(packets)

    def _set_times(self, info: RtcpSenderInfo) -> None:
        """
        Give a report the newest frame's RTP and capture time, both later by the time since then.

        Without that, the reports in a long wait for a frame would have one NTP time, by which
        viewers name the report that they answer (RFC 3550, section 6.4.1).
        """
        if self._newest is None:
            info.ntp_timestamp = 0
            return
        steps = (time.monotonic_ns() - self._newest_at) // REPORT_NS
        info.rtp_timestamp = (info.rtp_timestamp + steps * REPORT_TICKS) & 0xFFFFFFFF
        info.ntp_timestamp = to_ntp(self._newest.time_ns + steps * REPORT_NS)
        self._reported.note(info.ntp_timestamp, time.monotonic())

    def _report(self) -> RtcpSrPacket:
        """Return a report about what was sent; its NTP time is set when it is sent."""
        return RtcpSrPacket(
            ssrc=self._sender._ssrc,
            sender_info=RtcpSenderInfo(
                ntp_timestamp=0,
                rtp_timestamp=self._sender._RTCRtpSender__rtp_timestamp,
                packet_count=self._sender._RTCRtpSender__packet_count & 0xFFFFFFFF,
                octet_count=self._sender._RTCRtpSender__octet_count & 0xFFFFFFFF,
            ),
        )


def waiting_bytes(connection: Any) -> int:
    """Return the number of bytes of an ICE connection that wait for the socket of its path."""
    pair = connection._nominated.get(1)
    if pair is None:
        return 0
    transport = pair.protocol.transport
    if isinstance(transport, TurnTransport):
        transport = transport._TurnTransport__inner_protocol.transport  # type: ignore[attr-defined]
    size: int = transport.get_write_buffer_size()
    return size
