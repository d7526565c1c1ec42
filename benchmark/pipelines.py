"""The columns of the tables: sets of processes that bring the test pattern to an image topic."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from benchmark.plan import FPS, Size
from benchmark.processes import Process, Processes
from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_elements, require_gstreamer

OURS = 'ours'

SIGNALING, SENDER, RECEIVER = 'signaling', 'sender', 'receiver'
'Roles of processes.'

SERVER_MODULE = 'webrtc_bridge.commands.signaling'
SENDER_MODULE = 'webrtc_bridge.commands.webcam'
RECEIVER_MODULE = 'webrtc_bridge.nodes.receiver_node'


@dataclass(frozen=True)
class Scene:
    """The task of a pipeline: a picture size and rate, and a topic."""

    size: Size
    topic: str
    fps: int = FPS


@dataclass(frozen=True)
class Pipeline:
    """One way to bring pictures to a topic."""

    name: str
    'Its name in files and on the command line.'

    title: str
    'Its column in the table.'

    start: Callable[[Processes, Scene], Awaitable[None]]
    """
    Starts its programs, including one as `sender` and one as `receiver`.

    Raises: WebrtcBridgeError.
    """

    require: Callable[[], None] = lambda: None
    'Checks that this machine has what it needs. Raises: RequirementError.'

    keep_memory: bool = False
    'True if the subscriber keeps the memory that images arrived in.'


async def start_server(processes: Processes, *arguments: str) -> str:
    """Start a signaling server, and return its URL. Raises: WebrtcBridgeError."""
    server = await processes.start(SIGNALING, SERVER_MODULE, '--port', '0', *arguments)
    return f'ws://127.0.0.1:{(await server.line(r"serving on 127.0.0.1:([0-9]+)"))[1]}'


async def start_sender(
    processes: Processes, url: str, sender_id: str, size: Size, role: str = SENDER
) -> Process:
    """Start a webcam sender, with its defaults."""
    arguments = sender_arguments(url, sender_id, size, FPS)
    return await processes.start(role, SENDER_MODULE, *arguments)


def sender_arguments(url: str, sender_id: str, size: Size, fps: int) -> list[str]:
    """Return the arguments of a webcam sender of the test pattern."""
    wanted = ['--width', str(size.width), '--height', str(size.height), '--fps', str(fps)]
    return ['--server', url, '--id', sender_id, '--source', 'test', *wanted]


def node_arguments(**parameters: str) -> list[str]:
    """Return the arguments of a node with `parameters`."""
    flags = (word for name, value in parameters.items() for word in ('-p', f'{name}:={value}'))
    return ['--ros-args', *flags]


async def start_ours(processes: Processes, scene: Scene) -> None:
    """Start signaling, a webcam sender and a receiver node, with their defaults."""
    url = await start_server(processes)
    arguments = sender_arguments(url, 'front', scene.size, scene.fps)
    await processes.start(SENDER, SENDER_MODULE, *arguments)
    await start_receiver(processes, url, scene.topic)


async def start_receiver(processes: Processes, url: str, topic: str) -> Process:
    """Start a receiver node, with its defaults."""
    parameters = node_arguments(server_url=url, sender_id='front', topic=topic)
    return await processes.start(RECEIVER, RECEIVER_MODULE, *parameters)


async def start_stock(processes: Processes, scene: Scene, *, codec: str) -> None:
    """Start textbook programs with aiortc, cv_bridge's conversion and rclpy."""
    await start_pair(
        processes, scene, 'benchmark.programs.stock.sender', 'stock.receiver', '--codec', codec
    )


async def start_webrtcbin(processes: Processes, scene: Scene) -> None:
    """Start GStreamer's webrtcbin at both ends, with rclpy to publish."""
    await start_pair(processes, scene, 'benchmark.programs.webrtcbin.sender', 'webrtcbin.receiver')


async def start_pair(
    processes: Processes, scene: Scene, sender: str, receiver: str, *arguments: str
) -> None:
    """Start two programs that connect at a port."""
    size = ['--width', str(scene.size.width), '--height', str(scene.size.height)]
    sending = await processes.start(SENDER, sender, *size, *arguments)
    port = (await sending.line(r'listening on ([0-9]+)'))[1]
    module = f'benchmark.programs.{receiver}'
    await processes.start(RECEIVER, module, '--port', port, '--topic', scene.topic)


def require_webrtcbin() -> None:
    """Check that both ends can be built with GStreamer. Raises: RequirementError."""
    require_gstreamer()
    require_elements('x264enc', 'rtph264depay', 'appsrc', 'appsink')
    if Gst.ElementFactory.find('avdec_h264') is None:
        require_elements('openh264dec')


def missing(require: Callable[[], None]) -> str:
    """Return what `require` finds missing; empty if nothing is."""
    try:
        require()
    except RequirementError as error:
        return str(error)
    return ''


PIPELINES = (
    Pipeline(OURS, 'ours', start_ours),
    Pipeline('kept_memory', 'ours, subscriber keeps memory', start_ours, keep_memory=True),
    Pipeline('webrtcbin', 'webrtcbin on both ends, rclpy', start_webrtcbin, require_webrtcbin),
    Pipeline('stock_vp8', 'stock aiortc, VP8', partial(start_stock, codec='vp8')),
    Pipeline('stock_h264', 'stock aiortc, H.264', partial(start_stock, codec='h264')),
)
TITLES = {pipeline.name: pipeline.title for pipeline in PIPELINES}
