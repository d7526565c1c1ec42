"""The table of options: every name, default, description, range and unit stands here, once."""

import re
from dataclasses import KW_ONLY, dataclass

from webrtc_bridge.program.option_row import option

PEER_ID = re.compile(r'[A-Za-z0-9_.-]{1,64}')
'What a sender or receiver may be called.'

SERVER_URL = re.compile(r'wss?://[^\s/]+.*')
CODECS = ('auto', 'h264', 'vp8')
GSTREAMER_ENCODERS = (
    *('auto', 'x264enc', 'openh264enc', 'v4l2h264enc'),
    *('vah264enc', 'nvh264enc', 'vtenc_h264'),
)
ENCODINGS = ('bgr8', 'rgb8', 'mono8', 'nv12')
LOWEST_BITRATE = (
    'Lowest bit rate that a slow link brings it down to; below half of the highest, that viewer '
    'gets smaller pictures. As much as bitrate: never less, and one size.'
)
CALIBRATION_URL = re.compile(r'file:///.+|package://[^/]+/.+')


@dataclass(frozen=True)
class SignalingOptions:
    """The signaling server."""

    host: str = option('127.0.0.1', 'Address to listen on; 0.0.0.0 is every interface.')
    port: int = option(8080, 'Port to listen on; 0 takes a free one.', minimum=0, maximum=65535)
    secret_file: str = option(
        '',
        'File with the secret that tokens are made of, which nobody but its owner may read (mode '
        '0600); without one it is in the environment variable WEBRTC_BRIDGE_SECRET. With a secret '
        'nobody gets in without a token.',
    )
    allow_anonymous: bool = option(
        False, 'Serve everybody who reaches a server that has no secret, from other machines too.'
    )
    certificate: str = option(
        '',
        'PEM file with the certificate for https:// and wss://, and with those between it and '
        'its CA.',
    )
    key: str = option('', 'PEM file with the private key of the certificate.')
    self_signed: bool = option(
        False, 'Serve https:// and wss:// with a certificate made now; its fingerprint is logged.'
    )
    allowed_origins: tuple[str, ...] = option(
        (),
        'Origins, like https://example.org, whose pages may connect, and show the viewer in a '
        'frame, besides our own.',
    )
    ice_servers: tuple[str, ...] = option(
        (),
        'STUN and TURN servers that peers are told of: stun:host:port, '
        'turn:host:port?transport=udp or tcp, turns:host:port. Passwords for TURN are made of the '
        'secret in the environment variable WEBRTC_BRIDGE_TURN_SECRET (static-auth-secret of '
        'coturn).',
    )
    ice_servers_file: str = option(
        '',
        'JSON file with a list of STUN and TURN servers as in RTCPeerConnection, for servers with '
        'a password of their own.',
    )
    turn_lifetime: float = option(
        43200.0,
        'How long a password that is made for a TURN server lets a peer log in.',
        minimum=10.0,
        maximum=2_592_000.0,
        unit='s',
    )
    max_sockets: int = option(1000, 'WebSockets at a time.', minimum=1, maximum=100_000)
    max_sockets_per_address: int = option(
        100, 'WebSockets at a time from one address.', minimum=1, maximum=100_000
    )
    message_rate: float = option(
        200.0,
        'Messages a peer may send in the long run; five seconds of them at once.',
        minimum=1.0,
        maximum=1_000_000.0,
        unit='1/s',
    )
    heartbeat: float = option(
        5.0,
        'Silence after which a peer is pinged; half of it is its time to answer.',
        minimum=0.1,
        maximum=3600.0,
        unit='s',
    )
    hello_timeout: float = option(
        10.0,
        'Time for the HTTP header, and again for the first message on /ws.',
        minimum=0.1,
        maximum=3600.0,
        unit='s',
    )
    send_queue: int = option(
        512,
        'Messages that wait for a slow reader before its socket is closed.',
        minimum=64,
        maximum=65536,
        unit='KiB',
    )


@dataclass(frozen=True)
class TokenOptions:
    """A token for the signaling server, or the secret that tokens are made of."""

    rights: str = option(
        'view',
        'What the bearer may do: publish, view, or publish,view.',
        choices=('publish', 'view', 'publish,view', 'view,publish'),
    )
    senders: str = option(
        '*',
        'Ids of the senders that it is for, separated by commas; * stands for any text, as in '
        'front*,rear.',
    )
    lifetime: str = option(
        '30d',
        'How long it is valid: 90s, 45m, 12h, 30d, or ever.',
        pattern=re.compile(r'[1-9][0-9]{0,5}[smhd]|ever'),
        expected='a number and s, m, h or d, or ever',
        flag='--for',
    )
    name: str = option(
        '',
        'Begin of its id, which stands in the log of the server.',
        pattern=re.compile(r'[A-Za-z0-9_.-]{1,40}'),
        expected='1 to 40 letters, digits, dots, dashes and underscores',
    )
    secret_file: str = option(
        '',
        'File with the secret of the server; without one it is in the environment variable '
        'WEBRTC_BRIDGE_SECRET.',
    )
    out: str = option('', 'File to write the token to, with mode 0600, instead of printing it.')
    new_secret: str = option('', 'Make a secret instead of a token, in this new file.')


@dataclass(frozen=True)
class CertificateOptions:
    """A certificate to keep, for a signaling server that has no official one."""

    certificate: str = option('server.pem', 'New file for the certificate.')
    key: str = option('server.key', 'New file for its private key.')
    names: tuple[str, ...] = option(
        (), 'Name or address of the server, besides those that this machine has now.'
    )
    days: int = option(825, 'How long it is valid.', minimum=1, maximum=36500, unit='days')


@dataclass(frozen=True)
class ServerOptions:
    """The signaling server that something connects to, and what it takes to get in."""

    server_url: str = option(
        'ws://127.0.0.1:8080',
        'Signaling server, ws://host:port or wss://host:port.',
        pattern=SERVER_URL,
        expected='ws://host:port or wss://host:port',
        flag='--server',
    )
    _: KW_ONLY
    token_file: str = option(
        '',
        'File with the token for the signaling server, which nobody but its owner may read (mode '
        '0600); without one the token is in the environment variable WEBRTC_BRIDGE_TOKEN.',
    )
    ca_file: str = option(
        '',
        'PEM file with the certificate of the signaling server at wss://, or of who signed it, '
        'where the system does not trust that already.',
        flag='--ca',
    )


@dataclass(frozen=True)
class SenderOptions(ServerOptions):
    """Who a sender is, and where it registers."""

    sender_id: str = option(
        '',
        'Id that receivers ask for; empty lets the server make one.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
        flag='--id',
    )
    name: str = option('', 'Name for people, shown in lists of cameras.')


@dataclass(frozen=True)
class DoctorOptions(ServerOptions):
    """Which server, and which of its cameras, the doctor looks at."""

    sender_id: str = option(
        '',
        'Sender that a short session is held with; empty takes the first there is.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
        flag='--id',
    )


@dataclass(frozen=True)
class SourceOptions:
    """Where a sender's pictures come from."""

    source: str = option(
        'auto',
        'Camera, stream or file: auto, test, /dev/video0, avfoundation:0, rtsp://…, http://…, a '
        'video file.',
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
        'Highest bit rate of one encode; 0 takes 0.11 bit for each pixel.',
        minimum=0,
        maximum=100_000,
        unit='kbit/s',
    )
    min_bitrate: int = option(100, LOWEST_BITRATE, minimum=10, maximum=100_000, unit='kbit/s')


@dataclass(frozen=True)
class CamerasOptions:
    """Several cameras in one process."""

    cameras: str = option(
        '',
        'YAML file with a list of cameras to serve all at once, as in config/cameras.yaml; the '
        'other flags are for what its entries leave out.',
    )


@dataclass(frozen=True)
class GStreamerOptions:
    """What the GStreamer sender sends, and with which encoder."""

    source: str = option(
        'auto',
        'Camera, stream or elements: auto, test, /dev/video0, rtsp://…, or as gst-launch-1.0 '
        'takes them, like v4l2src device=/dev/video0.',
    )
    width: int = option(
        0,
        'Width asked of the source; 0 is 640 for a camera or the test picture, else its own.',
        minimum=0,
        maximum=7680,
        unit='pixels',
    )
    height: int = option(
        0,
        'Height asked of the source; 0 is 480 for a camera or the test picture, else its own.',
        minimum=0,
        maximum=4320,
        unit='pixels',
    )
    fps: float = option(
        0.0,
        'Frame rate asked of the source; 0 is 30 for a camera or the test picture, else its own.',
        minimum=0.0,
        maximum=240.0,
        unit='Hz',
    )
    bitrate: int = option(
        0,
        'Highest bit rate of the one encode; 0 takes 0.11 bit for each pixel.',
        minimum=0,
        maximum=100_000,
        unit='kbit/s',
    )
    encoder: str = option(
        'auto',
        'H.264 encoder; auto takes the first that works, hardware before software.',
        choices=GSTREAMER_ENCODERS,
    )


@dataclass(frozen=True)
class SenderNodeOptions(EncoderOptions, SenderOptions):
    """The ROS sender: which topics it sends, and as what."""

    bitrate: int = option(
        0,
        'Highest bit rate of one encode; 0 takes 0.11 bit for each pixel. H.264 that is passed '
        'through keeps its own.',
        minimum=0,
        maximum=100_000,
        unit='kbit/s',
        read_only=False,
    )
    min_bitrate: int = option(
        100, LOWEST_BITRATE, minimum=10, maximum=100_000, unit='kbit/s', read_only=False
    )
    topic: str = option(
        'image_raw',
        'Topic of sensor_msgs/Image or sensor_msgs/CompressedImage (jpeg, png, h264) to send.',
        read_only=False,
    )
    topics: tuple[str, ...] = option(
        (),
        'Several topics, instead of one; each becomes a sender. Their number stays.',
        read_only=False,
        flag='--topics',
    )
    sender_ids: tuple[str, ...] = option(
        (),
        'Id of the sender of each of the topics; none lets the server make them.',
        flag='--sender-ids',
    )
    fps: float = option(
        30.0,
        'Rate at which the images come; the bit rate is divided by it among them.',
        minimum=0.1,
        maximum=240.0,
        unit='Hz',
    )
    depth_near: float = option(
        0.3,
        'Depth that is shown white, in images of 16UC1 (mm) and 32FC1 (m).',
        minimum=0.0,
        maximum=10_000.0,
        unit='m',
        read_only=False,
    )
    depth_far: float = option(
        10.0,
        'Depth that is shown black, as are places without a measurement.',
        minimum=0.001,
        maximum=10_000.0,
        unit='m',
        read_only=False,
    )


@dataclass(frozen=True)
class ReceiverOptions(ServerOptions):
    """The ROS receiver: whom it follows and what it publishes."""

    sender_id: str = option(
        '',
        'Sender to follow; empty takes the first that is there.',
        pattern=PEER_ID,
        expected='1 to 64 letters, digits, dots, dashes and underscores',
        read_only=False,
    )
    sender_ids: tuple[str, ...] = option(
        (),
        'Several senders to follow at once, instead of sender_id; each has its own topics, in a '
        'namespace of its id.',
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
    encoding: str = option(
        'bgr8',
        'Encoding of the published images; nv12 is half the bytes of bgr8, in limited range.',
        choices=ENCODINGS,
    )
    jpeg_quality: int = option(
        80,
        'Quality of the images on the topic compressed.',
        minimum=1,
        maximum=100,
        read_only=False,
    )
    camera_info_url: str = option(
        '',
        'Calibration file that camera_info is published from and set_camera_info saves to; '
        '${NAME} in it is the sender_id.',
        pattern=CALIBRATION_URL,
        expected='file:///path/to.yaml or package://PACKAGE/path/to.yaml',
    )
    stamp: str = option(
        'capture',
        'What header.stamp is: the time of capture, where the sender tells it, or of arrival.',
        choices=('capture', 'receive'),
    )
    ice_servers: tuple[str, ...] = option(
        (),
        'STUN servers (stun:host:port) used instead of the ones that the signaling server names.',
    )
    ice_transport_policy: str = option(
        'all', 'Which paths may be used; relay takes TURN alone.', choices=('all', 'relay')
    )


@dataclass(frozen=True)
class StatusOptions:
    """What the demo's status line watches."""

    topic: str = option('image_raw', 'Image topic to watch.')
    duration: float = option(
        0.0, 'How long to watch; 0 is without end.', minimum=0.0, maximum=1e6, unit='s'
    )


@dataclass(frozen=True)
class DemoOptions:
    """The demo of everything on one machine."""

    port: int = option(
        8080, 'Port of the signaling server; where taken, a free one.', minimum=0, maximum=65535
    )
    duration: float = option(
        0.0, 'How long to run; 0 is until Ctrl-C.', minimum=0.0, maximum=1e6, unit='s'
    )
