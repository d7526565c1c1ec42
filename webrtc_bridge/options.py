"""The option table: every name, default, description, range and unit, each written once."""

import re
from dataclasses import KW_ONLY, dataclass
from typing import Any

from webrtc_bridge.errors import OptionError
from webrtc_bridge.program.option_row import option

PEER_ID = re.compile(r'[A-Za-z0-9_.-]{1,64}')
PEER_ID_RULE: dict[str, Any] = {
    'pattern': PEER_ID,
    'expected': '1 to 64 letters, digits, dots, dashes and underscores',
}
'The ids of senders and receivers.'

ORIGIN = re.compile(r'[a-z][a-z0-9+.-]*://[A-Za-z0-9.:\[\]_-]+/?|null', re.IGNORECASE)
SERVER_URL = re.compile(r'wss?://[^\s/]+.*')
CALIBRATION_URL = re.compile(r'file:///.+|package://[^/]+/.+')
CODECS = ('auto', 'h264', 'vp8')
GSTREAMER_ENCODERS = (
    *('auto', 'x264enc', 'openh264enc', 'v4l2h264enc'),
    *('vah264enc', 'nvh264enc', 'vtenc_h264'),
)
MIN_BITRATE = 100
ENCODINGS = ('bgr8', 'rgb8', 'mono8', 'nv12')


def size_option(default: int, maximum: int, description: str) -> Any:
    """Return the row of a width or height; with a default of 0, 0 has a meaning of its own."""
    return option(
        default, description, minimum=16 if default else 0, maximum=maximum, unit='pixels'
    )


def bitrate_option(description: str, *, read_only: bool = True) -> Any:
    """Return the row of the highest bit rate, which is automatic by default."""
    return option(0, description, minimum=0, maximum=100_000, unit='kbit/s', read_only=read_only)


def min_bitrate_option(*, read_only: bool = True) -> Any:
    """Return the row of the lowest bit rate."""
    return option(
        MIN_BITRATE,
        'Lowest bit rate for a viewer on a slow link; below half of the highest, that viewer gets '
        'smaller pictures. Set equal to bitrate to disable adaptation.',
        minimum=10,
        maximum=100_000,
        unit='kbit/s',
        read_only=read_only,
    )


@dataclass(frozen=True)
class BitrateBounds:
    """The check of options with `bitrate` and `min_bitrate`."""

    def __post_init__(self: Any) -> None:
        """Check that both fit together; the default of the lower one gives way by itself."""
        if self.min_bitrate > max(self.bitrate, MIN_BITRATE) and self.bitrate:
            raise OptionError('min_bitrate', self.min_bitrate, f'at most bitrate, {self.bitrate}')


@dataclass(frozen=True)
class SignalingOptions:
    """The signaling server."""

    host: str = option('127.0.0.1', 'Address to listen on; 0.0.0.0 means every interface.')
    port: int = option(8080, 'Port to listen on; 0 picks a free one.', minimum=0, maximum=65535)
    secret_file: str = option(
        '',
        'File with the secret that signs tokens, readable by its owner only (mode 0600). If '
        'empty, the secret is read from the environment variable WEBRTC_BRIDGE_SECRET. With a '
        'secret, every peer needs a token.',
    )
    allow_anonymous: bool = option(
        False, 'Serve anyone who can reach the server, from other machines too, without a secret.'
    )
    certificate: str = option(
        '',
        'PEM file with the certificate for https:// and wss://, followed by any intermediate '
        'certificates.',
    )
    key: str = option('', 'PEM file with the private key of the certificate.')
    self_signed: bool = option(
        False,
        'Serve https:// and wss:// with a certificate made at startup; its fingerprint is logged.',
    )
    allowed_origins: tuple[str, ...] = option(
        (),
        'Additional origins, such as https://example.org, whose pages may connect and embed the '
        'viewer in a frame.',
        pattern=ORIGIN,
        expected='an origin like https://example.org or http://robot:8080; there is no wildcard',
    )
    ice_servers: tuple[str, ...] = option(
        (),
        'STUN and TURN servers for all peers: stun:host:port, turn:host:port?transport=udp (or '
        'tcp), turns:host:port. TURN passwords are generated from the secret in the environment '
        "variable WEBRTC_BRIDGE_TURN_SECRET (coturn's static-auth-secret).",
    )
    ice_servers_file: str = option(
        '',
        'JSON file with a list of STUN and TURN servers as in RTCPeerConnection, for servers with '
        'fixed passwords.',
    )
    turn_lifetime: float = option(
        43200.0,
        'Lifetime of generated TURN credentials.',
        minimum=10.0,
        maximum=2_592_000.0,
        unit='s',
    )
    max_sockets: int = option(
        1000, 'Maximum number of concurrent WebSockets.', minimum=1, maximum=100_000
    )
    max_sockets_per_address: int = option(
        100,
        'Maximum number of concurrent WebSockets from one address.',
        minimum=1,
        maximum=100_000,
    )
    message_rate: float = option(
        200.0,
        "Sustained message rate per peer; bursts of up to five seconds' worth are allowed.",
        minimum=1.0,
        maximum=1_000_000.0,
        unit='1/s',
    )
    heartbeat: float = option(
        5.0,
        'Idle time before a peer is pinged; it must answer within half of that.',
        minimum=0.1,
        maximum=3600.0,
        unit='s',
    )
    hello_timeout: float = option(
        10.0,
        'Time limit for the HTTP header, and again for the first message on /ws.',
        minimum=0.1,
        maximum=3600.0,
        unit='s',
    )
    send_queue: int = option(
        512,
        'Maximum amount of messages queued for a slow peer before its socket is closed.',
        minimum=64,
        maximum=65536,
        unit='KiB',
    )


@dataclass(frozen=True)
class TokenOptions:
    """A token for the signaling server, or the secret that signs tokens."""

    rights: str = option(
        'view',
        'What the bearer may do.',
        choices=('publish', 'view', 'publish,view', 'view,publish'),
    )
    senders: str = option(
        '*',
        'Ids of the senders that the token is for, separated by commas; * matches any text, as in '
        'front*,rear.',
    )
    lifetime: str = option(
        '30d',
        'How long the token is valid: 90s, 45m, 12h, 30d, or forever.',
        pattern=re.compile(r'[1-9][0-9]{0,5}[smhd]|(for)?ever'),
        expected='a number followed by s, m, h or d; or forever',
        flag='--for',
    )
    name: str = option(
        '',
        "Prefix of the token's id, as shown in the server log.",
        pattern=re.compile(r'[A-Za-z0-9_.-]{1,40}'),
        expected='1 to 40 letters, digits, dots, dashes and underscores',
    )
    secret_file: str = option(
        '',
        'File with the secret of the server. If empty, the secret is read from the environment '
        'variable WEBRTC_BRIDGE_SECRET.',
    )
    out: str = option('', 'File to write the token to (mode 0600) instead of printing it.')
    new_secret: str = option('', 'New file to write a secret to, instead of making a token.')


@dataclass(frozen=True)
class CertificateOptions:
    """A permanent certificate, for a signaling server without one from a public CA."""

    certificate: str = option('server.pem', 'New file for the certificate.')
    key: str = option('server.key', 'New file for its private key.')
    names: tuple[str, ...] = option(
        (), 'Name or address of the server, in addition to those that this machine has now.'
    )
    days: int = option(
        825, 'How long the certificate is valid.', minimum=1, maximum=36500, unit='days'
    )


@dataclass(frozen=True)
class ServerOptions:
    """The signaling server that a program connects to, and its credentials there."""

    server_url: str = option(
        'ws://127.0.0.1:8080',
        'Signaling server: ws://host:port or wss://host:port.',
        pattern=SERVER_URL,
        expected='ws://host:port or wss://host:port',
        flag='--server',
    )
    _: KW_ONLY
    token_file: str = option(
        '',
        'File with the token for the signaling server, readable by its owner only (mode 0600). If '
        'empty, the token is read from the environment variable WEBRTC_BRIDGE_TOKEN.',
    )
    ca_file: str = option(
        '',
        'PEM file with the certificate of the signaling server at wss://, or of its CA, if the '
        'system does not trust it already.',
        flag='--ca',
    )


@dataclass(frozen=True)
class SenderOptions(ServerOptions):
    """The identity of a sender, and where it registers."""

    sender_id: str = option(
        '',
        'Sender id that receivers ask for; if empty, the server assigns one.',
        **PEER_ID_RULE,
        flag='--id',
    )
    name: str = option('', 'Display name, shown in camera lists.')


@dataclass(frozen=True)
class DoctorOptions(ServerOptions):
    """The server, and the camera on it, that the doctor examines."""

    sender_id: str = option(
        '',
        'Sender to open a short test session with; if empty, the first one found.',
        **PEER_ID_RULE,
        flag='--id',
    )


@dataclass(frozen=True)
class SourceOptions:
    """The source of a sender's pictures."""

    source: str = option(
        'auto',
        'Camera, stream or file: auto, test, /dev/video0, avfoundation:0, rtsp://…, http://…, or '
        'the path of a video file.',
    )
    width: int = size_option(640, 7680, 'Width requested from a camera, or of the test pattern.')
    height: int = size_option(480, 4320, 'Height requested from a camera, or of the test pattern.')
    fps: float = option(
        30.0,
        'Frame rate requested from a camera, or of the test pattern.',
        minimum=0.1,
        maximum=240.0,
        unit='Hz',
    )
    rtsp_transport: str = option(
        'tcp',
        'RTSP transport: udp has lower latency, tcp loses no packets.',
        choices=('tcp', 'udp'),
    )


@dataclass(frozen=True)
class EncoderOptions(BitrateBounds):
    """The encoding of a sender's pictures."""

    codec: str = option(
        'auto', 'Video codec; auto prefers H.264 and offers VP8 as well.', choices=CODECS
    )
    bitrate: int = bitrate_option(
        'Highest bit rate of an encoder; 0 means automatic, by size and rate: 3 Mbit/s for '
        '1280x720 at 30 fps, 1.3 for 640x480.'
    )
    min_bitrate: int = min_bitrate_option()


@dataclass(frozen=True)
class CamerasOptions:
    """Several cameras in one process."""

    cameras: str = option(
        '',
        'YAML file with a list of cameras to send at once, as in config/cameras.yaml; the other '
        'flags set the defaults of its entries.',
    )


@dataclass(frozen=True)
class GStreamerOptions(BitrateBounds):
    """The source and the encoder of the GStreamer sender."""

    source: str = option(
        'auto',
        'Camera, stream or elements: auto, test, /dev/video0, rtsp://…, or elements in the syntax '
        'of gst-launch-1.0, such as v4l2src device=/dev/video0.',
    )
    width: int = size_option(
        0,
        7680,
        'Width requested from the source; 0 means 640 for a camera or the test pattern, otherwise '
        "the source's own.",
    )
    height: int = size_option(
        0,
        4320,
        'Height requested from the source; 0 means 480 for a camera or the test pattern, '
        "otherwise the source's own.",
    )
    fps: float = option(
        0.0,
        'Frame rate requested from the source; 0 means 30 for a camera or the test pattern, '
        "otherwise the source's own.",
        minimum=0.0,
        maximum=240.0,
        unit='Hz',
    )
    bitrate: int = bitrate_option(
        'Highest bit rate of an encoder; 0 means automatic, by size and rate: 3 Mbit/s for '
        '1280x720 at 30 fps, 1.3 for 640x480.'
    )
    min_bitrate: int = min_bitrate_option()
    encoder: str = option(
        'auto',
        'Encoder of H.264; auto picks the first that works, hardware before software. Viewers '
        'without H.264 get VP8 from the processor.',
        choices=GSTREAMER_ENCODERS,
    )


@dataclass(frozen=True)
class DdsOptions:
    """The way of ROS messages."""

    _: KW_ONLY
    dds_transport: str = option(
        'auto',
        'How Fast DDS carries the topics: auto takes shared memory on one machine; udp also '
        'reaches containers with a /dev/shm of their own, and processes of other users.',
        choices=('auto', 'udp'),
    )


@dataclass(frozen=True)
class SenderNodeOptions(DdsOptions, EncoderOptions, SenderOptions):
    """The ROS sender: the topics it sends, and how."""

    bitrate: int = bitrate_option(
        'Highest bit rate of an encoder; 0 means automatic, by size and rate: 3 Mbit/s for '
        '1280x720 at 30 fps, 1.3 for 640x480. H.264 that is passed through keeps its own.',
        read_only=False,
    )
    min_bitrate: int = min_bitrate_option(read_only=False)
    topic: str = option(
        'image_raw',
        'Topic to send, of sensor_msgs/Image or sensor_msgs/CompressedImage (jpeg, png, h264).',
        read_only=False,
    )
    topics: tuple[str, ...] = option(
        (),
        'Topics to send instead of topic; each becomes a sender. The number of topics cannot '
        'change at run time.',
        read_only=False,
        flag='--topics',
    )
    sender_ids: tuple[str, ...] = option(
        (),
        'Sender ids, one per topic; if empty, the server assigns them.',
        flag='--sender-ids',
    )
    fps: float = option(
        30.0,
        'Expected image rate, used until the actual one is measured.',
        minimum=0.1,
        maximum=240.0,
        unit='Hz',
    )
    depth_near: float = option(
        0.3,
        'Depth shown as white, for images in 16UC1 (mm) and 32FC1 (m).',
        minimum=0.0,
        maximum=10_000.0,
        unit='m',
        read_only=False,
    )
    depth_far: float = option(
        10.0,
        'Depth shown as black, like pixels without a measurement.',
        minimum=0.001,
        maximum=10_000.0,
        unit='m',
        read_only=False,
    )
    mono16_black: int = option(
        0,
        'Value shown as black, for images in mono16, such as those of thermal cameras.',
        minimum=0,
        maximum=65_534,
        read_only=False,
    )
    mono16_white: int = option(
        0,
        'Value shown as white in mono16; 0: the most that the bits in use (10, 12, 14 or 16) can '
        'hold, with 0 as black.',
        minimum=0,
        maximum=65_535,
        read_only=False,
    )


@dataclass(frozen=True)
class ReceiverOptions(DdsOptions, ServerOptions):
    """The ROS receiver: the senders it follows and the topics it publishes."""

    sender_id: str = option(
        '',
        'Sender to follow; if empty, the first one registered.',
        **PEER_ID_RULE,
        read_only=False,
    )
    sender_ids: tuple[str, ...] = option(
        (),
        'Senders to follow at once, instead of sender_id; each has its own topics, in a namespace '
        'named after its id.',
    )
    receiver_id: str = option(
        '',
        'Id of this receiver; if empty, the server assigns one.',
        **PEER_ID_RULE,
    )
    name: str = option('', 'Display name, shown in receiver lists.')
    topic: str = option('image_raw', 'Topic to publish the images on.')
    frame_id: str = option(
        'camera_optical_frame',
        'The header.frame_id of every image, unless stamp is sender; ${NAME} in it is replaced by '
        'the name of the camera.',
    )
    encoding: str = option(
        'bgr8',
        'Encoding of the published images; nv12 takes half the bytes of bgr8, in limited range.',
        choices=ENCODINGS,
    )
    jpeg_quality: int = option(
        80,
        'JPEG quality on the compressed topic.',
        minimum=1,
        maximum=100,
        read_only=False,
    )
    keyframe_interval: float = option(
        2.0,
        'Longest time between keyframes on the encoded topics while they have subscribers: bags '
        'can be played from the middle, and subscribers that lost messages recover. 0 leaves '
        'keyframes to the sender.',
        minimum=0.0,
        maximum=3600.0,
        unit='s',
        read_only=False,
    )
    max_repair_delay: float = option(
        0.0,
        'Longest wait for lost packets to be sent again, before video goes on at a keyframe: a '
        'short one keeps the delay low, a long one loses fewer pictures. 0 waits for four '
        'attempts, which takes 0.5 s, and up to 3 s with a long round trip.',
        minimum=0.0,
        maximum=10.0,
        unit='s',
    )
    camera_info_url: str = option(
        '',
        'Calibration file to publish camera_info from and to save set_camera_info to; ${NAME} in '
        'it is replaced by the name of the camera.',
        pattern=CALIBRATION_URL,
        expected='file:///path/to.yaml or package://PACKAGE/path/to.yaml',
    )
    stamp: str = option(
        'capture',
        'Time in header.stamp: capture is the time of capture where the sender reports it, else '
        'that of arrival; receive is always the time of arrival; sender repeats the stamp and the '
        'frame_id of the image topic that sender_node sends, and is like capture with other '
        'senders.',
        choices=('capture', 'receive', 'sender'),
    )
    ice_servers: tuple[str, ...] = option(
        (),
        'STUN servers (stun:host:port) to use instead of those of the signaling server.',
    )
    ice_transport_policy: str = option(
        'all', 'Network paths that may be used; relay means TURN only.', choices=('all', 'relay')
    )


@dataclass(frozen=True)
class StatusOptions:
    """The topic of the demo's status line."""

    topic: str = option('image_raw', 'Image topic to watch.')
    duration: float = option(
        0.0, 'How long to watch; 0 means forever.', minimum=0.0, maximum=1e6, unit='s'
    )


@dataclass(frozen=True)
class DemoOptions:
    """The demo of everything on one machine."""

    port: int = option(
        8080, 'Port of the signaling server; if taken, a free one.', minimum=0, maximum=65535
    )
    duration: float = option(
        0.0, 'How long to run; 0 means until Ctrl-C.', minimum=0.0, maximum=1e6, unit='s'
    )
