"""
All that touches private parts of aiortc and aioice, and nothing else does.

Both are pinned in setup.py, and `test/peer/test_aiortc_contract.py` fails, naming the attribute,
when a version no longer has what is used here. What each function changes and why is measured in
docs/design.md.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection, RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket

from webrtc_bridge.media.capture_clock import to_ntp
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.frame_assembler import (
    NACK_INTERVAL,
    FrameAssembler,
    MediaPacket,
)
from webrtc_bridge.media.outbound_track import OutboundTrack
from webrtc_bridge.media.rtp_time import CLOCK_RATE
from webrtc_bridge.peer.ice_gathering import IceGathering, IceServerUrl

NO_AUDIO: Any = None

CANCEL_INTERVAL = 0.05
'Seconds until a task that goes on is cancelled anew.'

CLOCK_STEP_NS = 1_000_000
'What RTP time and time of capture may go apart from frame to frame: rounding, but no step.'

logger = logging.getLogger(__name__)


@functools.cache
def meet_on_loopback() -> None:
    """
    Offer 127.0.0.1 where a machine has no other address, so that two peers on it can meet.

    aioice never does, and a laptop without a network could not even run a demo.
    """
    addresses_of_interfaces = aioice.ice.get_host_addresses

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        addresses: list[str] = addresses_of_interfaces(use_ipv4, use_ipv6)
        return addresses or (['127.0.0.1'] if use_ipv4 else [])

    aioice.ice.get_host_addresses = get_host_addresses


@functools.cache
def end_consent_checks_with_the_connection() -> None:
    """
    Let a connection that is closed in the moment that it comes about not ask for consent for ever.

    aioice 0.13 starts its task for that 20 ms after the end of the checks, closed or not.
    """
    connection_class: Any = aioice.ice.Connection
    query_consent = connection_class.query_consent

    async def query_consent_unless_closing(connection: Any) -> None:
        if not connection._closing:
            await query_consent(connection)

    connection_class.query_consent = query_consent_unless_closing


_gathering: ContextVar[IceGathering | None] = ContextVar('gathering', default=None)


@contextmanager
def asking_all(gathering: IceGathering) -> Iterator[None]:
    """Let the candidates that are gathered in this context come by way of `gathering`."""
    ask_every_ice_server()
    token = _gathering.set(gathering)
    try:
        with gathering:
            yield
    finally:
        _gathering.reset(token)


@functools.cache
def ask_every_ice_server() -> None:
    """Let aioice ask the servers of `asking_all`, where it would ask one and wait 5 s for it."""
    ask_stun = aioice.ice.server_reflexive_candidate
    ask_turn = aioice.ice.relayed_candidate

    async def server_reflexive_candidate(protocol: Any, stun_server: tuple[str, int]) -> Any:
        def ask(server: IceServerUrl) -> Coroutine[Any, Any, Any]:
            return ask_stun(protocol, **server.options)

        gathering = _gathering.get()
        if gathering is None:
            return await ask_stun(protocol, stun_server)
        return await gathering.first(False, ask, lambda answer: None)

    async def relayed_candidate(**options: Any) -> Any:
        def ask(server: IceServerUrl) -> Coroutine[Any, Any, Any]:
            return ask_turn(**options | server.options)

        def give_back(answer: Any) -> None:
            _, protocol = answer
            protocol.transport.close()

        gathering = _gathering.get()
        if gathering is None:
            return await ask_turn(**options)
        return await gathering.first(True, ask, give_back)

    aioice.ice.server_reflexive_candidate = server_reflexive_candidate
    aioice.ice.relayed_candidate = relayed_candidate


class Connecting:
    """
    Owns the tasks in which a connection comes about.

    aiortc starts and forgets them. One that goes on after the connection is closed starts to send
    on it, and never ends.
    """

    def __init__(self, connection: RTCPeerConnection) -> None:
        private: Any = connection
        self._connect = private._RTCPeerConnection__connect
        self._tasks: set[asyncio.Task[None]] = set()
        private._RTCPeerConnection__connect = self._owned_connect

    async def cancel(self) -> None:
        """Cancel them; call it before the connection is closed."""
        while tasks := set(self._tasks):
            for task in tasks:
                task.cancel()
            # Again and again: asyncio.wait_for may lose a cancellation (gh-86296, Python 3.11).
            await asyncio.wait(tasks, timeout=CANCEL_INTERVAL)

    async def _owned_connect(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect()
        finally:
            self._tasks.discard(task)


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


def on_sender_report(receiver: RTCRtpReceiver, on_report: Callable[[int, int], None]) -> None:
    """Call `on_report` with the RTP and NTP timestamps of each report that `receiver` gets."""
    private: Any = receiver
    handle_rtcp_packet = private._handle_rtcp_packet

    async def with_report(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            on_report(packet.sender_info.rtp_timestamp, packet.sender_info.ntp_timestamp)
        await handle_rtcp_packet(packet)

    private._handle_rtcp_packet = with_report


def selected_path(receiver: RTCRtpReceiver) -> str:
    """Return the pair of candidates in use, as `type address -> type address`; '' without one."""
    connection: Any = receiver.transport.transport
    pair = connection._connection._nominated.get(1)
    if pair is None:
        return ''
    ends = (pair.local_candidate, pair.remote_candidate)
    return ' -> '.join(f'{end.type} {end.host}:{end.port}' for end in ends)


class EncodedFrameReceiver:
    """
    Takes the place of a receiver's jitter buffer and decoder: encoded frames go to `on_frame`.

    Two frames' worth of delay go with them: the buffer's wait for the next frame, and a queue
    without a bound in front of the decoder's thread, which stays idle.
    """

    def __init__(self, receiver: Any, on_frame: Callable[[EncodedFrame], None]) -> None:
        self._receiver = receiver  # an RTCRtpReceiver; mypy does not know its private parts
        self._on_frame = on_frame
        self._assemblers: dict[int, FrameAssembler] = {}
        self._media_ssrc = 0
        self._timer: asyncio.TimerHandle | None = None
        self._feedback: set[asyncio.Task[None]] = set()
        self._closed = False
        self._receiver._RTCRtpReceiver__jitter_buffer = self

    def close(self) -> None:
        """Ask for nothing more."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        for task in self._feedback:
            task.cancel()

    def request_keyframe(self) -> None:
        """Tell the sender that the picture is lost (PLI, RFC 4585 section 6.3.1)."""
        if self._media_ssrc:
            self._send(self._receiver._send_rtcp_pli(self._media_ssrc))

    def add(self, packet: Any) -> tuple[bool, None]:
        """Take a packet: aiortc calls this as its JitterBuffer's, and never gets a frame back."""
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
        )
        for frame in assembler.add(media_packet, time.monotonic()):
            self._on_frame(frame)
        if assembler.in_need and self._timer is None:
            self._repair_later()
        return False, None

    def _assembler_of(self, packet: Any) -> FrameAssembler | None:
        """Return the assembler of the packet's stream; a sender that starts anew is a new one."""
        if packet.ssrc not in self._assemblers:
            codec = self._receiver._RTCRtpReceiver__codecs[packet.payload_type]
            if codec.name not in Codec.__members__:
                return None
            self._assemblers = {packet.ssrc: FrameAssembler(Codec(codec.name))}
            self._media_ssrc = packet.ssrc
        return self._assemblers[packet.ssrc]

    def _repair_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(NACK_INTERVAL, self._repair)

    def _repair(self) -> None:
        self._timer = None
        assembler = self._assemblers.get(self._media_ssrc)
        if assembler is None or not assembler.in_need:
            return
        repair = assembler.repair(time.monotonic())
        if repair.keyframe:
            self.request_keyframe()
        elif repair.nack:
            self._send(self._receiver._send_rtcp_nack(self._media_ssrc, list(repair.nack)))
        self._repair_later()

    def _send(self, feedback: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(feedback)
        self._feedback.add(task)
        task.add_done_callback(self._feedback.discard)
