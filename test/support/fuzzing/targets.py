"""
Targets of fuzzing: functions of the bytes that a stranger may send.

Each raises whatever its parser should never raise; what a parser documents is expected.
"""

import contextlib
import functools
import json
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiortc.rtp import RtcpPacket, RtpPacket
from support.fuzzing.network_targets import data_transport, http, runner, signed_token, stun
from support.peers.fake_peers import ObservingListener
from support.signaling.broker_harness import BrokerHarness

from webrtc_bridge.errors import (
    MessageError,
    SessionError,
    WebrtcBridgeError,
)
from webrtc_bridge.gstreamer.peer.feedback import parse_rtcp
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.h264.units import kind, nal_units
from webrtc_bridge.media.h264.video_signal import VideoSignal, declaring
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.media.rtp.frame_assembler import FrameAssembler, MediaPacket
from webrtc_bridge.nodes.calibration import calibration_file
from webrtc_bridge.nodes.calibration.calibration import calibration_from
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.peer.aiortc.patches.feedback import feedback_of, is_lost, lost
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.clock_channel import answer_to
from webrtc_bridge.peer.metadata_channel import receive_metadata
from webrtc_bridge.sending.cameras_file import read_cameras
from webrtc_bridge.signaling.protocol.ice_candidate import candidate_from_json
from webrtc_bridge.signaling.protocol.json_text import read_object
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.protocol.session_description import check_description
from webrtc_bridge.signaling.protocol.wire import parse_from_server, parse_register, register_of
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens, TokenError

SSRC = 0x01020304
MOST_FRAMES = 64

Target = Callable[[bytes], None]


def broker(data: bytes) -> None:
    """
    Drive the broker by a line for each event: `a{"type": …}` is a message on socket `a`.

    `+` and a line of registration before it registers, `-` leaves, a digit waits so many seconds.
    """
    harness = BrokerHarness()
    known: set[str] = set()
    for line in data.decode(errors='replace').split('\n')[:MOST_FRAMES]:
        event, text = line[:1], line[1:]
        socket = text[:1] if event in '+-' else event
        if event.isdecimal() and event.isascii():
            harness.wait(float(event))
        elif event == '+' and socket not in known:
            with contextlib.suppress(MessageError):
                register = parse_register(text[1:])
                known.add(socket)
                harness.join(socket, register.role, register.id, register.name)
        elif event == '-' and socket in known:
            known.remove(socket)
            harness.leave(socket)
        elif socket in known and socket not in harness.closed:
            harness.say_text(socket, text)
        known -= harness.closed.keys()
    for messages in harness.inbox.values():
        assert all(is_plain(message.get('message', '')) for message in messages)


def is_plain(text: str) -> bool:
    return text.isprintable() and len(text) < 400


def server_message(data: bytes) -> None:
    """Read what a server sends to its clients."""
    text = data.decode(errors='replace')
    for read in (
        read_object,
        parse_register,
        lambda text: register_of(Role.SENDER, read_object(text)),
        *(functools.partial(parse_from_server, role=role) for role in Role),
    ):
        with contextlib.suppress(MessageError):
            read(text)


def session_description(data: bytes) -> None:
    """Check an offer as the server does, and apply it as a receiver does."""
    sdp = data.decode(errors='replace')
    with contextlib.suppress(MessageError):
        check_description({'type': 'offer', 'sdp': sdp}, 'offer')
    runner().run(_apply(sdp))


async def _apply(sdp: str) -> None:
    peer = AiortcPeer('front', IceOptions(), ObservingListener())
    try:
        with contextlib.suppress(SessionError):
            await peer.apply('offer', sdp)
    finally:
        await peer.close()


def ice_candidate(data: bytes) -> None:
    """Read a candidate, and judge where it leads."""
    text = data.decode(errors='replace')
    with contextlib.suppress(MessageError, ValueError, RecursionError):
        candidate_from_json(json.loads(text))
    for relay_only in (False, True):
        assert CandidatePolicy(lambda: ['192.0.2.1'], (), relay_only).why_not(text).isprintable()


def rtp(data: bytes) -> None:
    """Assemble frames of packets, each with its length of two bytes before it, in both codecs."""
    for codec in (Codec.H264, Codec.VP8):
        assembler = FrameAssembler(codec)
        for number, packet in enumerate(_packets(data)):
            now = number / 50
            for frame in assembler.add(packet, now):
                video_size(frame)
            requests = [assembler.request(now)] if assembler.has_new_gap else []
            requests += [assembler.repair(now)] if assembler.in_need else []
            assert all(0 <= missing < 0x10000 for each in requests for missing in each.nack)


def _packets(data: bytes) -> Iterator[MediaPacket]:
    position = 0
    while position + 2 < len(data):
        (length,) = struct.unpack_from('!H', data, position)
        with contextlib.suppress(ValueError, struct.error, IndexError):
            packet = RtpPacket.parse(data[position + 2 : position + 2 + length])
            yield MediaPacket(
                packet.sequence_number,
                packet.timestamp,
                bool(packet.marker),
                packet.payload,
                packet.payload,
                0,
            )
        position += 2 + length


def rtcp(data: bytes) -> None:
    """Read feedback, in both engines."""
    reported = SentReports()
    reported.note(1 << 16, 1e9 - 1)
    parse_rtcp(data, SSRC, reported, 1e9)
    with contextlib.suppress(ValueError, struct.error, IndexError):
        # aiortc catches ValueError alone; what else its parser raises is caught by our guard.
        for packet in RtcpPacket.parse(data):
            is_lost(packet)
            assert all(0 <= missing < 0x10000 for missing in lost(packet))
            feedback_of(packet, SSRC, reported)


def parameter_sets(data: bytes) -> None:
    """Read the size in both codecs, and declare the colours of an access unit."""
    for codec in (Codec.H264, Codec.VP8):
        size = video_size(EncodedFrame(codec, data, keyframe=True, timestamp=0, time_ns=0))
        assert size is None or all(abs(side) < 1 << 40 for side in size)
    for unit in nal_units(data):
        kind(unit)
    declaring(data, lambda height: VideoSignal(False, 1, 1, 1))


def calibration(data: bytes) -> None:
    """Load a calibration file, and scale what is in it."""
    with _file('camera.yaml', data) as path, contextlib.suppress(WebrtcBridgeError):
        if found := calibration_file.load(f'file://{path}'):
            found.scaled_to(320, 240)
            calibration_file.as_text(found)


def cameras_file(data: bytes) -> None:
    """Read a file of several cameras."""
    with _file('cameras.yaml', data) as path, contextlib.suppress(WebrtcBridgeError):
        read_cameras(str(path), SenderOptions(), SourceOptions(), EncoderOptions())


@contextlib.contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    path = _folder() / name
    path.write_bytes(data)
    yield path


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix='webrtc_bridge_fuzzing'))


def token(data: bytes) -> None:
    """Check a token that a stranger made up; `signed_token` is ours, with strange claims."""
    tokens = _tokens()
    text = data.decode(errors='surrogateescape')
    with contextlib.suppress(TokenError):
        tokens.check(text)


@functools.cache
def _tokens() -> SignedTokens:
    return SignedTokens('a secret of the fuzzer')


class _Channel:
    """A data channel that delivers what is put into it."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[object], None]] = []

    def on(self, _: str, handler: Callable[[object], None]) -> None:
        self._handlers.append(handler)

    def deliver(self, message: object) -> None:
        for handler in self._handlers:
            handler(message)


def data_channels(data: bytes) -> None:
    """Read what a peer sends on the channels `clock` and `metadata`."""
    channel: Any = _Channel()
    received: list[dict[str, Any]] = []
    receive_metadata(channel, received.append)
    for message in (data, data.decode(errors='replace')):
        answer_to(message)
        channel.deliver(message)
    for metadata in received:
        with contextlib.suppress(WebrtcBridgeError):
            info = metadata.get('camera_info')
            if isinstance(info, dict):
                calibration_from(info).scaled_to(320, 240)


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        broker,
        server_message,
        session_description,
        ice_candidate,
        rtp,
        rtcp,
        parameter_sets,
        calibration,
        cameras_file,
        token,
        data_channels,
        data_transport,
        stun,
        http,
        signed_token,
    )
}
