"""The ROS node `webrtc_status`: watches an image topic and prints one line about it."""

import asyncio
import sys
from typing import TYPE_CHECKING

from webrtc_bridge.errors import NoImagesError
from webrtc_bridge.nodes.ros.node_program import NodeProgram
from webrtc_bridge.options import StatusOptions
from webrtc_bridge.program.requirements import require_rclpy

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from diagnostic_msgs.msg import DiagnosticArray
    from rclpy.node import Node
    from sensor_msgs.msg import Image

    from webrtc_bridge.nodes.ros.parameters import Parameters

TERMINAL_INTERVAL, LOG_INTERVAL = 1.0, 5.0
'Seconds between two lines where they replace each other, and where they stay.'


class Status:
    """What was seen of the topic; the node's thread writes it, the event loop reads."""

    def __init__(self, topic: str) -> None:
        self.images = 0
        self._topic = topic
        self._shown = 0
        self._shape = ''
        self._diagnostics: dict[str, str] = {}

    def on_image(self, image: 'Image') -> None:
        """Count an image."""
        self.images += 1
        self._shape = f'{image.width}x{image.height} {image.encoding}'

    def on_diagnostics(self, array: 'DiagnosticArray') -> None:
        """Keep what the receiver says of its stream."""
        for status in array.status:
            if status.name.endswith(': stream'):
                self._diagnostics = {entry.key: entry.value for entry in status.values}

    def line(self, seconds: float) -> str:
        """Return the state of things, with the frame rate of the last `seconds`."""
        fps, self._shown = (self.images - self._shown) / seconds, self.images
        if not fps:
            return f'{self._topic}: no images, {self.reason()}'
        seen = self._diagnostics
        parts = [f'{self._topic}: {self._shape}, {fps:.1f} fps']
        if seen.get('latency_p50_ms'):
            p50, p95 = seen['latency_p50_ms'], seen['latency_p95_ms']
            parts.append(f'capture to publish {p50} ms (p95 {p95} ms)')
        if seen.get('codec'):
            parts.append(f'{seen["codec"]} {int(seen["bitrate_kbps"]) / 1000:.1f} Mbit/s')
            parts.append(f'loss {seen["loss_percent"]} %')
        return ' | '.join(parts)

    def reason(self) -> str:
        """Return why there are no images, as far as it is known."""
        if not self._diagnostics:
            return 'no receiver node is heard of'
        return f'the receiver node is {self._diagnostics["state"]}'


def prepare(
    node: 'Node', parameters: 'Parameters[StatusOptions]'
) -> 'Coroutine[None, None, None]':
    """Subscribe; return what prints."""
    from diagnostic_msgs.msg import DiagnosticArray
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import Image

    options = parameters.options
    parameters.refuse_unknown()
    status = Status(node.resolve_topic_name(options.topic))
    node.create_subscription(Image, options.topic, status.on_image, qos_profile_sensor_data)
    node.create_subscription(DiagnosticArray, '/diagnostics', status.on_diagnostics, 10)
    return show(status, options.duration)


async def show(status: Status, duration: float) -> None:
    """
    Print a line now and then, for `duration` seconds (0: until cancelled).

    Raises: NoImagesError when no image came in all of a limited time.
    """
    loop = asyncio.get_running_loop()
    interval = TERMINAL_INTERVAL if sys.stdout.isatty() else LOG_INTERVAL
    start, form = ('\r\x1b[K', '') if sys.stdout.isatty() else ('', '\n')
    end = loop.time() + duration if duration else float('inf')
    try:
        while (left := end - loop.time()) > 0:
            seconds = min(interval, left)
            await asyncio.sleep(seconds)
            print(start + status.line(seconds), end=form, flush=True)
    finally:
        print(end='' if form else '\n', flush=True)
    if not status.images:
        raise NoImagesError(duration, status.reason())


PROGRAM = NodeProgram(
    name='status_node',
    node_name='webrtc_status',
    summary='Watch an image topic and print one line about it.',
    options=StatusOptions,
    sends_images=False,
    require=require_rclpy,
    prepare=prepare,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return PROGRAM.main(arguments)


if __name__ == '__main__':
    sys.exit(main())
