"""How a sender sends: encoded frames as they are, and reports that tell the time of capture."""

import time
from collections.abc import Callable
from typing import Any

from aiortc import RTCRtpCodecParameters, RTCRtpSender
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket

from webrtc_bridge.media.capture_clock import to_ntp
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.outbound_track import OutboundTrack
from webrtc_bridge.media.rtp_time import CLOCK_RATE

NO_AUDIO: Any = None

CLOCK_STEP_NS = 1_000_000
'What RTP time and time of capture may go apart from frame to frame: rounding, but no step.'


def send_encoded_frames(
    sender: RTCRtpSender, track: OutboundTrack, on_feedback: Callable[[], None]
) -> None:
    """
    Make `sender` send `track`'s encoded frames as they are, and tell the track of lost pictures.

    Through the public way, `av.Packet`s from the track's `recv()`, every sender would cut every
    frame into payloads again, and a receiver's PLI would reach nobody. `on_feedback` is called for
    every RTCP report of the receiver: it is alive. The sender's own reports are made to pair the
    newest RTP timestamp with the time its frame was captured, not sent.
    """
    private: Any = sender
    handle_rtcp_packet, send_rtcp = private._handle_rtcp_packet, private._send_rtcp
    newest: EncodedFrame | None = None
    is_report_due = False

    async def next_encoded_frame(codec: RTCRtpCodecParameters) -> RTCEncodedFrame:
        nonlocal newest, is_report_due
        if newest:
            track.newest = (private._RTCRtpSender__rtp_timestamp, newest.time_ns)
        if is_report_due:
            # The frame is out. aiortc's own next report takes a second, and until there is one
            # the receiver does not know when what it shows was captured.
            await private._send_rtcp([report_of(private)])
        frame = await track.next(Codec(codec.name))
        is_report_due = newest is None or tells_another_time(newest, frame)
        newest = frame
        return RTCEncodedFrame(list(frame.payloads), frame.timestamp, NO_AUDIO)

    async def with_feedback(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
            on_feedback()
        await handle_rtcp_packet(packet)

    async def with_capture_time(packets: list[AnyRtcpPacket]) -> None:
        capture_ntp = to_ntp(newest.time_ns) if newest else 0
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                packet.sender_info.ntp_timestamp = capture_ntp
                # The round-trip time is taken from the receiver's report that quotes these bits.
                private._RTCRtpSender__lsr = capture_ntp >> 16 & 0xFFFFFFFF
                private._RTCRtpSender__lsr_time = time.time()
        await send_rtcp(packets)

    private._next_encoded_frame = next_encoded_frame
    private._send_rtcp = with_capture_time
    private._handle_rtcp_packet = with_feedback
    private._send_keyframe = track.request_keyframe


def tells_another_time(before: EncodedFrame, frame: EncodedFrame) -> bool:
    """Say whether RTP time no longer goes with the time of capture: a clock or source changed."""
    ticks = (frame.timestamp - before.timestamp) & 0xFFFFFFFF
    elapsed_ns = ticks * 1_000_000_000 // CLOCK_RATE
    return abs(elapsed_ns - (frame.time_ns - before.time_ns)) > CLOCK_STEP_NS


def report_of(private_sender: Any) -> RtcpSrPacket:
    """Return a report about what `private_sender` has sent; its NTP time is set when it goes."""
    return RtcpSrPacket(
        ssrc=private_sender._ssrc,
        sender_info=RtcpSenderInfo(
            ntp_timestamp=0,
            rtp_timestamp=private_sender._RTCRtpSender__rtp_timestamp,
            packet_count=private_sender._RTCRtpSender__packet_count,
            octet_count=private_sender._RTCRtpSender__octet_count,
        ),
    )
