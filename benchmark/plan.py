"""The extent of a run."""

from dataclasses import dataclass

FPS = 30
"""Frame rate of every pipeline, because aiortc's VideoStreamTrack has no other."""


@dataclass(frozen=True)
class Size:
    """The size of a picture, in pixels."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> 'Size':
        """Return the size in `text`, such as 640x480. Raises: ValueError."""
        width, height = (int(part) for part in text.split('x'))
        if min(width, height) < 64 or width % 2 or height % 2:
            raise ValueError(text)
        return cls(width, height)

    def __str__(self) -> str:
        return f'{self.width}x{self.height}'


SMALL, HD, FULL_HD = Size(640, 480), Size(1280, 720), Size(1920, 1080)


@dataclass(frozen=True)
class Plan:
    """The measurements to make, and their number and duration."""

    parts: tuple[str, ...]
    'Parts that run if none is named.'

    sizes: tuple[Size, ...]

    rounds: int
    'Measurements of each pipeline, which take turns to even out drift.'

    settle: float
    'Seconds from the first image to the start of a measurement, in which bit rates settle.'

    seconds: float
    'Duration of one measurement.'

    delivery_sizes: tuple[Size, ...]
    viewers: tuple[int, ...]
    stock_viewers: tuple[int, ...]
    cameras: tuple[int, ...]
    switches: int
    first_frames: int
    'Connections that are made.'

    stock_with_dead_stun: bool
    'Stock aiortc then takes 10 s to connect.'

    load_seconds: float
    'Duration of one measurement of signaling.'

    idle_sockets: int
    storm: tuple[int, int]
    'Number of senders, and of receivers of each, that signal at once.'

    messages: int
    'Images that are published in each way.'

    pictures: int
    'Pictures of each clip that are encoded.'

    links: tuple[str, ...] = ()
    'Cases of the part links; empty: all.'

    link_ends: tuple[str, ...] = ()
    'Senders and viewers of the part links; empty: all.'

    pipelines: tuple[str, ...] = (
        *('ours', 'kept_memory', 'webrtcbin'),
        *('stock_vp8', 'stock_h264'),
    )

    minute: float = 60.0
    'Seconds for which the most demanding pictures must be sustained.'


QUICK = Plan(
    parts=('latency', 'stages', 'viewers', 'first_frame', 'signaling', 'publishing'),
    sizes=(SMALL,),
    rounds=1,
    settle=0.6,
    seconds=1.8,
    delivery_sizes=(HD,),
    viewers=(1, 4),
    stock_viewers=(),
    cameras=(1, 2),
    switches=4,
    first_frames=6,
    stock_with_dead_stun=False,
    load_seconds=1.0,
    idle_sockets=500,
    storm=(20, 10),
    messages=15,
    pictures=30,
    links=('free', '2m-80ms-0', '2m-80ms-5', 'geo'),
    link_ends=('ours-page', 'libwebrtc-page'),
    pipelines=('ours', 'webrtcbin', 'stock_vp8'),
    minute=10.0,
)
'Under 1 minute.'

FULL = Plan(
    parts=(
        *('latency', 'stages', 'delivery', 'viewers', 'switch', 'first_frame', 'idle'),
        *('signaling', 'attack', 'publishing', 'cameras', 'quality', 'links'),
    ),
    sizes=(SMALL, HD, FULL_HD),
    rounds=2,
    settle=1.0,
    seconds=2.5,
    delivery_sizes=(HD, FULL_HD),
    viewers=(1, 2, 4, 8, 16),
    stock_viewers=(1, 2, 4),
    cameras=(1, 2, 4, 8),
    switches=8,
    first_frames=25,
    stock_with_dead_stun=True,
    load_seconds=3.0,
    idle_sockets=2000,
    storm=(100, 10),
    messages=40,
    pictures=132,
)
'About 7 minutes, and 20 for the links.'
