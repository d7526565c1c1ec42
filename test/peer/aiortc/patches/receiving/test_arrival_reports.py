import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtp import RtpPacket

from webrtc_bridge.media.rtp.transport_feedback import parse
from webrtc_bridge.peer.aiortc.patches.receiving.arrival_reports import ArrivalReports

OURS, MEDIA, PADDING = 7, 8, 9


class Reported:
    """Takes the reports about a receiver's packets, as numbers of those that came."""

    def __init__(self, receiver: Any) -> None:
        self.receiver = receiver
        self.routed: list[RtpPacket] = []
        self.reports: asyncio.Queue[bytes] = asyncio.Queue()
        self.router = receiver.transport._rtp_router
        self.router.route_rtp = self.routed.append
        receiver._set_rtcp_ssrc(OURS)
        self.arrivals = ArrivalReports(receiver, lambda: MEDIA, self.reports.put_nowait)

    def arrive(self, ssrc: int, number: int | None) -> None:
        packet = RtpPacket(ssrc=ssrc, payload=bytes(1000))
        packet.extensions.transport_sequence_number = number
        self.router.route_rtp(packet)

    async def next(self) -> list[int]:
        report = await asyncio.wait_for(self.reports.get(), 10)
        assert report[1] == 205
        assert report[4:12] == OURS.to_bytes(4, 'big') + MEDIA.to_bytes(4, 'big')
        return [number for number, _ in parse(report[4:]).arrivals]


@pytest.fixture
async def reported() -> AsyncIterator[Reported]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    reported = Reported(connection.addTransceiver('video', 'recvonly').receiver)
    yield reported
    reported.arrivals.close()
    await connection.close()


async def test_packets_of_all_streams_are_reported(reported: Reported) -> None:
    for ssrc, number in ((MEDIA, 1), (PADDING, 2), (MEDIA, 3)):
        reported.arrive(ssrc, number)
    assert await reported.next() == [1, 2, 3]
    reported.arrive(MEDIA, 4)
    assert await reported.next() == [4]
    assert len(reported.routed) == 4


async def test_the_estimate_of_the_bit_rate_ends_with_the_first_number(reported: Reported) -> None:
    def estimator() -> Any:
        return reported.receiver._RTCRtpReceiver__remote_bitrate_estimator

    reported.arrive(MEDIA, None)
    assert estimator() is not None
    reported.arrive(MEDIA, 1)
    assert estimator() is None
    assert await reported.next() == [1]


async def test_nothing_is_reported_once_closed(reported: Reported) -> None:
    reported.arrive(MEDIA, 1)
    reported.arrivals.close()
    reported.arrive(MEDIA, 2)
    assert len(reported.routed) == 2
    await asyncio.sleep(0)
    assert reported.reports.empty()
