"""The senders and the viewers at the ends of an emulated link."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from support.browser.chromium import Browser
from support.browser.publish_page import publish

from benchmark.links.clip import ClipFiles
from benchmark.pipelines import SENDER, SENDER_MODULE
from benchmark.processes import Process, Processes

SENDER_ID = 'front'
VIEWER = 'viewer'
GSTREAMER_MODULE = 'webrtc_bridge.commands.gstreamer'
FIRST_PICTURE = 20.0
'Seconds that it may take.'

JPEGS = (
    'multifilesrc location={} loop=true caps=image/jpeg,framerate=30/1 '
    '! jpegdec ! identity sync=true'
)
"""GStreamer's elements that play single pictures; gstreamer_sender plays no files."""

LIMIT = """
const plain = RTCRtpSender.prototype.setParameters;
RTCRtpSender.prototype.setParameters = function (parameters) {
  parameters.encodings.forEach((encoding) => { encoding.maxBitrate = %d; });
  return plain.call(this, parameters);
};
"""

WATCH = """
const connections = new Map();
const Plain = RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(...options) {
    super(...options);
    connections.set(this, 0);
  }
};
window.pictures = [];
setInterval(async () => {
  for (const [connection, before] of connections) {
    const reports = [...(await connection.getStats()).values()];
    const video = reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const now = (performance.timeOrigin + performance.now()) / 1000;
    const all = video?.framesDecoded ?? 0;
    for (let number = connections.get(connection); number < all; number += 1) {
      window.pictures.push([now, video.frameWidth, video.frameHeight]);
    }
    connections.set(connection, all);
  }
}, 50);
"""


@dataclass(frozen=True)
class Scene:
    """A scene to send: `url` is the emulator's, `server` the server's own."""

    processes: Processes
    browser: Browser
    clip: ClipFiles
    url: str
    server: str
    bitrate: int


Pictures = list[tuple[float, int, int]]


class PageView:
    """The viewer page in Chromium."""

    def __init__(self, page: Any) -> None:
        self._page = page

    @classmethod
    async def open(cls, scene: Scene) -> 'PageView':
        """Open the page."""
        port = scene.server.rpartition(':')[2]
        url = f'http://127.0.0.1:{port}/?sender={SENDER_ID}'
        return cls(await scene.browser.page(url, script=WATCH))

    async def first(self) -> float:
        """Return when the first picture came."""
        return float((await self._page.until('pictures[0]', FIRST_PICTURE))[0])

    async def pictures(self) -> Pictures:
        """Return all pictures."""
        return [tuple(one) for one in await self._page.value('pictures')]


class ProgramView:
    """Our receiver, in a program of its own."""

    def __init__(self, program: Process) -> None:
        self._program = program

    @classmethod
    async def open(cls, scene: Scene) -> 'ProgramView':
        """Start the program."""
        return cls(
            await scene.processes.start(
                VIEWER,
                'benchmark.programs.watched_pictures',
                *('--server', scene.server, '--sender-id', SENDER_ID),
            )
        )

    async def first(self) -> float:
        """Return when the first picture came."""
        return float((await self._program.line(r'first picture at (\S+)', FIRST_PICTURE))[1])

    async def pictures(self) -> Pictures:
        """Return all pictures, and end the program."""
        return [tuple(one) for one in await self._program.final_result()]


View = PageView | ProgramView


async def start_program(module: str, source: str, scene: Scene) -> None:
    """Start one of our senders."""
    sender = await scene.processes.start(
        SENDER,
        module,
        *('--server', scene.url, '--id', SENDER_ID, '--source', source),
        *('--bitrate', str(scene.bitrate)),
    )
    await sender.line('registered')


async def start_ours(scene: Scene) -> None:
    """Start webcam_sender."""
    await start_program(SENDER_MODULE, str(scene.clip.matroska), scene)


async def start_gstreamer(scene: Scene) -> None:
    """Start gstreamer_sender."""
    source = JPEGS.format(scene.clip.pictures)
    await start_program(GSTREAMER_MODULE, source, scene)


async def start_libwebrtc(scene: Scene) -> None:
    """Send from the publish page in Chromium."""
    script = LIMIT % (1000 * scene.bitrate) if scene.bitrate else ''
    port = int(scene.url.rpartition(':')[2])
    await publish(scene.browser, port, SENDER_ID, '1280x720', script=script)


@dataclass(frozen=True)
class Ends:
    """A sender and a viewer: a column of the table."""

    name: str
    title: str
    start: Callable[[Scene], Awaitable[None]]
    view: Callable[[Scene], Awaitable[View]]
    everywhere: bool = False
    'Whether it is a column of all cases.'


OURS = Ends('ours-page', 'ours → page', start_ours, PageView.open, True)
LIBWEBRTC = Ends('libwebrtc-page', 'libwebrtc → page', start_libwebrtc, PageView.open, True)
COLUMNS = (
    OURS,
    LIBWEBRTC,
    Ends('ours-ours', 'ours → ours', start_ours, ProgramView.open),
    Ends('libwebrtc-ours', 'libwebrtc → ours', start_libwebrtc, ProgramView.open),
    Ends('gstreamer-page', 'ours with GStreamer → page', start_gstreamer, PageView.open),
)


async def wait_until(moment: float, now: Callable[[], float]) -> None:
    """Sleep until `now()` is `moment`."""
    await asyncio.sleep(max(0.0, moment - now()))


def chromium_flags(clip: ClipFiles) -> list[str]:
    """Return the flags for a camera that shows `clip`."""
    return [f'--use-file-for-fake-video-capture={clip.jpegs.absolute()}']
