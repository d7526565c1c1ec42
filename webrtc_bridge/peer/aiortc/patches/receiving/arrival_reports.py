"""A patch to aiortc's receiver: transport-wide feedback, which it does not send."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

from aiortc.codecs import CODECS, HEADER_EXTENSIONS, is_rtx
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpHeaderExtensionParameters
from aiortc.rtp import RtpPacket

from webrtc_bridge.media.rtp.packet_arrivals import PacketArrivals
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER, rtcp_packet

EXTENSION_ID = 4
"The number of the extension in offers, next to those of aiortc's own; answers repeat it."


@functools.cache
def offer_transport_feedback() -> None:
    """Let all connections offer and accept packets with numbers, and feedback about them."""
    extension = RTCRtpHeaderExtensionParameters(id=EXTENSION_ID, uri=TRANSPORT_NUMBER)
    HEADER_EXTENSIONS['video'].append(extension)
    for codec in CODECS['video']:
        if not is_rtx(codec):
            codec.rtcpFeedback.append(RTCRtcpFeedback(type='transport-cc'))


class ArrivalReports:
    """
    Report the arrival of each numbered packet of a transport to its sender.

    They are those of all its streams, retransmissions and padding included, though `receiver`, an
    RTCRtpReceiver, sends the reports, as of the stream that `media_ssrc` returns. Its estimate of
    the bit rate (REMB) ends with the first such packet: libwebrtc would send no more than that.
    """

    def __init__(
        self,
        receiver: Any,
        media_ssrc: Callable[[], int],
        send: Callable[[bytes], None],
    ) -> None:
        self._receiver = receiver
        self._media_ssrc = media_ssrc
        self._send = send
        self._arrivals = PacketArrivals()
        self._timer: asyncio.TimerHandle | None = None
        self._router = receiver.transport._rtp_router
        self._route = self._router.route_rtp
        self._router.route_rtp = self._note

    def close(self) -> None:
        """Report nothing more."""
        self._router.route_rtp = self._route
        if self._timer:
            self._timer.cancel()

    def _note(self, packet: RtpPacket) -> Any:
        """Note a packet ahead of `RtpRouter.route_rtp`, which drops those of no known stream."""
        number = packet.extensions.transport_sequence_number
        if number is not None:
            size = len(packet.payload) + packet.padding_size
            self._arrivals.note(number, size, time.monotonic())
            if self._timer is None:
                self._receiver._RTCRtpReceiver__remote_bitrate_estimator = None
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._arrivals.interval, self._report)
        return self._route(packet)

    def _report(self) -> None:
        self._timer = None
        ssrc = self._receiver._RTCRtpReceiver__rtcp_ssrc
        for report in self._arrivals.reports(time.monotonic()):
            self._send(rtcp_packet(report, ssrc, self._media_ssrc()))
