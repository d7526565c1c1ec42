"""A sender node in this process, its signaling server and its viewers."""

import asyncio
import contextlib
import time

from rclpy.parameter import Parameter

from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.nodes.sender_node import prepare
from webrtc_bridge.options import ReceiverOptions, SenderNodeOptions, SignalingOptions
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.signaling.server.server import SignalingServer

DEADLINE = 20.0
MILLISECOND = 1_000_000


@contextlib.asynccontextmanager
async def running(work):
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Viewer(FrameSink):
    """A receiver in this process; `frames` are its pictures in RGB with their stamps."""

    def __init__(self, url, sender_id):
        self.frames = []
        self.encoded = []
        self.wanted = True
        self.receiver = Receiver(ReceiverOptions(url, sender_id), self)

    def wants_pictures(self):
        return self.wanted

    def wants_frames(self):
        return self.wanted

    def on_picture(self, received):
        self.frames.append((received.stamp_ns, received.picture.to_ndarray(format='rgb24')))

    def on_frame(self, frame, stamp_ns, sender_id):
        self.encoded.append(frame)

    def stamped(self, stamp_ns):
        """Return the picture with that stamp, if it arrived."""
        near = (picture for at, picture in self.frames if abs(at - stamp_ns) <= MILLISECOND)
        return next(near, None)


class SendingNode:
    """A sender node, spinning in a thread of its own, and the URL of its signaling server."""

    def __init__(self, url, node):
        self.url = url
        self.node = node

    @contextlib.asynccontextmanager
    async def viewer(self, sender_id='cam'):
        viewer = Viewer(self.url, sender_id)
        async with running(viewer.receiver.run()):
            yield viewer

    async def set(self, **values):
        """Set parameters like `ros2 param set`; return the reason of a refusal, or nothing."""
        changes = [Parameter(name, value=value) for name, value in values.items()]
        results = await asyncio.to_thread(self.node.set_parameters, changes)
        return next((result.reason for result in results if not result.successful), '')


@contextlib.asynccontextmanager
async def sending_node(*parameters):
    """Run a signaling server and the node, with `name:=value` for each of `parameters`."""
    async with SignalingServer(SignalingOptions(port=0)) as server:
        arguments = ['--ros-args', '-p', f'server_url:={server.url}']
        for parameter in parameters or ('sender_id:=cam',):
            arguments += ['-p', parameter]
        with initialised(arguments), created_node('webrtc_sender') as node:
            work = prepare(node, Parameters(node, SenderNodeOptions))
            async with running(while_spinning(node, work)):
                yield SendingNode(server.url, node)


async def until(condition, publish=None, timeout=DEADLINE):
    """Publish 30 times a second until `condition()` holds; return what it returned."""
    end = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < end, f'not so within {timeout} s'
        if publish:
            publish()
        await asyncio.sleep(1 / 30)
    return result


async def picture_of(viewer, publish):
    """Publish, with stamps, until a picture with one of these stamps arrives; return it."""
    stamps = []

    def publish_now():
        stamps.append(time.time_ns())
        publish(stamps[-1])

    def newest():
        pictures = (viewer.stamped(stamp) for stamp in stamps[-30:])
        return [picture for picture in pictures if picture is not None]

    return (await until(newest, publish_now))[0]
