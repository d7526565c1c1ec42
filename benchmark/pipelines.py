"""The columns of the table: sets of processes that bring the test pattern to an image topic."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from benchmark.plan import FPS, Size
from benchmark.processes import Processes


@dataclass(frozen=True)
class Scene:
    """What a pipeline is to do."""

    size: Size
    topic: str
    fair_dds: bool


@dataclass(frozen=True)
class Pipeline:
    """One way to bring pictures to a topic."""

    name: str
    'In files and on the command line.'

    title: str
    'In the table.'

    start: Callable[[Processes, Scene], Awaitable[None]]
    """
    Starts its programs, one of them as `sender` and one as `receiver`.

    Raises: WebrtcBridgeError.
    """


async def start_ours(processes: Processes, scene: Scene) -> None:
    """Start signaling, a webcam sender and a receiver node, with their defaults."""
    server = await processes.start('signaling', 'webrtc_bridge.signaling_server', '--port', '0')
    url = f'ws://127.0.0.1:{(await server.line(r"serving on 127.0.0.1:([0-9]+)"))[1]}'
    size = ['--width', str(scene.size.width), '--height', str(scene.size.height)]
    await processes.start(
        'sender',
        'webrtc_bridge.webcam_sender',
        *('--server', url, '--id', 'benchmark', '--source', 'test', '--fps', str(FPS), *size),
    )
    parameters = {'server_url': url, 'sender_id': 'benchmark', 'topic': scene.topic}
    flags = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    await processes.start('receiver', 'webrtc_bridge.nodes.receiver_node', '--ros-args', *flags)


async def start_stock(processes: Processes, scene: Scene, *, codec: str) -> None:
    """Start what is written in an hour with aiortc, cv_bridge's conversion and rclpy."""
    size = ['--width', str(scene.size.width), '--height', str(scene.size.height)]
    sender = await processes.start('sender', 'benchmark.stock_sender', '--codec', codec, *size)
    port = (await sender.line(r'listening on ([0-9]+)'))[1]
    fair = ['--fair-dds'] if scene.fair_dds else []
    await processes.start(
        'receiver', 'benchmark.stock_receiver', '--port', port, '--topic', scene.topic, *fair
    )


PIPELINES = (
    Pipeline('ours', 'ours', start_ours),
    Pipeline('stock_vp8', 'stock aiortc, VP8', partial(start_stock, codec='vp8')),
    Pipeline('stock_h264', 'stock aiortc, H.264', partial(start_stock, codec='h264')),
)
