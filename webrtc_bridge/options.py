"""The table of options: every name, default, description, range and unit stands here, once."""

import re
from dataclasses import dataclass

from webrtc_bridge.option_row import option

PEER_ID = re.compile(r'[A-Za-z0-9_.-]{1,64}')
'What a sender or receiver may be called.'

SERVER_URL = re.compile(r'wss?://[^\s/]+.*')
CODECS = ('auto', 'h264', 'vp8')
ENCODINGS = ('bgr8', 'rgb8', 'mono8')


@dataclass(frozen=True)
class SignalingOptions:
    """The signaling server."""

    host: str = option('127.0.0.1', 'Address to listen on; 0.0.0.0 is every interface.')
    port: int = option(8080, 'Port to listen on; 0 takes a free one.', minimum=0, maximum=65535)


@dataclass(frozen=True)
class SenderOptions:
    """Who a sender is, and where it registers."""

    server_url: str = option(
        'ws://127.0.0.1:8080',
        'Signaling server, ws://host:port or wss://host:port.',
        pattern=SERVER_URL,
        expected='ws://host:port or wss://host:port',
        flag='--server',
    )
    sender_id: str = option(
        '',
        'Id that receivers ask for; empty lets the server make one.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
        flag='--id',
    )
    name: str = option('', 'Name for people, shown in lists of cameras.')


@dataclass(frozen=True)
class SourceOptions:
    """Where a sender's pictures come from."""

    source: str = option(
        'auto',
        'Camera, stream or file: auto, test, /dev/video0, avfoundation:0, rtsp://…, a file.',
    )
    width: int = option(
        640,
        'Width asked of a camera or made by the test pattern.',
        minimum=16,
        maximum=7680,
        unit='pixels',
    )
    height: int = option(
        480,
        'Height asked of a camera or made by the test pattern.',
        minimum=16,
        maximum=4320,
        unit='pixels',
    )
    fps: float = option(
        30.0,
        'Frame rate asked of a camera or made by the test pattern.',
        minimum=0.1,
        maximum=240.0,
        unit='Hz',
    )
    rtsp_transport: str = option(
        'tcp',
        'How RTSP carries its packets; udp has less delay, tcp loses nothing.',
        choices=('tcp', 'udp'),
    )


@dataclass(frozen=True)
class EncoderOptions:
    """How a sender's pictures are encoded."""

    codec: str = option(
        'auto', 'Codec; auto offers H.264 first and VP8 for peers without it.', choices=CODECS
    )
    bitrate: int = option(
        0,
        'Bit rate of one encode; 0 takes 0.11 bit for each pixel.',
        minimum=0,
        maximum=100_000,
        unit='kbit/s',
    )


@dataclass(frozen=True)
class ReceiverOptions:
    """The ROS receiver: whom it follows and what it publishes."""

    server_url: str = option(
        'ws://127.0.0.1:8080',
        'Signaling server, ws://host:port or wss://host:port.',
        pattern=SERVER_URL,
        expected='ws://host:port or wss://host:port',
        flag='--server',
    )
    sender_id: str = option(
        '',
        'Sender to follow; empty takes the first that is there.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
        read_only=False,
    )
    receiver_id: str = option(
        '',
        'Id this receiver registers under; empty lets the server make one.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
    )
    name: str = option('', 'Name for people, shown in lists of receivers.')
    topic: str = option('image_raw', 'Topic that the images are published on.')
    frame_id: str = option('camera_optical_frame', 'header.frame_id of every image.')
    encoding: str = option('bgr8', 'Encoding of the published images.', choices=ENCODINGS)
    ice_servers: tuple[str, ...] = option(
        (),
        'STUN servers (stun:host:port) used instead of the ones that the signaling server names.',
    )
    ice_transport_policy: str = option(
        'all', 'Which paths may be used; relay takes TURN alone.', choices=('all', 'relay')
    )
