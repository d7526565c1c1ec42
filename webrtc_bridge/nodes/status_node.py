"""The ROS node `webrtc_status`: watches an image topic and prints its status in one line."""

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
'Seconds between two lines on a terminal, where they replace each other, and in a log.'


class Status:
    """The state of the topic; the node's thread writes it, the event loop reads it."""

    def __init__(self, topic: str) -> None:
        self.images = 0
        self._topic = topic
        self._counted = 0
        self._shape = ''
        self._diagnostics: dict[str, str] = {}

    def on_image(self, image: 'Image') -> None:
        """Count an image."""
        self.images += 1
        self._shape = f'{image.width}x{image.height} {image.encoding}'

    def on_diagnostics(self, array: 'DiagnosticArray') -> None:
        """Keep the receiver's diagnostics of its stream."""
        for status in array.status:
            if ': stream' in status.name:
                self._diagnostics = {entry.key: entry.value for entry in status.values}

    def line(self, seconds: float) -> str:
        """Describe the topic in one line, with the frame rate of the last `seconds`."""
        fps, self._counted = (self.images - self._counted) / seconds, self.images
        if not fps:
            return f'{self._topic}: no images, {self.reason()}'
        diagnostics = self._diagnostics
        parts = [f'{self._topic}: {self._shape}, {fps:.1f} fps']
        if diagnostics.get('latency_p50_ms'):
            p50, p95 = diagnostics['latency_p50_ms'], diagnostics['latency_p95_ms']
            parts.append(f'capture to publish {p50} ms (p95 {p95} ms)')
        if diagnostics.get('codec'):
            rate = int(diagnostics['bitrate_kbps']) / 1000
            parts.append(f'{diagnostics["codec"]} {rate:.1f} Mbit/s')
            parts.append(f'loss {diagnostics["loss_percent"]} %')
        return ' | '.join(parts)

    def reason(self) -> str:
        """Return why there are no images, as far as known."""
        if not self._diagnostics:
            return 'no receiver node found'
        return f'the receiver node is {self._diagnostics["state"]}'


def prepare(
    node: 'Node', parameters: 'Parameters[StatusOptions]'
) -> 'Coroutine[None, None, None]':
    """Subscribe; return the work, which prints the status."""
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
    Print the status periodically for `duration` seconds (0: until cancelled).

    Raises: NoImagesError if no image arrived in a limited time.
    """
    loop = asyncio.get_running_loop()
    interval = TERMINAL_INTERVAL if sys.stdout.isatty() else LOG_INTERVAL
    start, end_of_line = ('\r\x1b[K', '') if sys.stdout.isatty() else ('', '\n')
    end = loop.time() + duration if duration else float('inf')
    try:
        while (left := end - loop.time()) > 0:
            seconds = min(interval, left)
            await asyncio.sleep(seconds)
            print(start + status.line(seconds), end=end_of_line, flush=True)
    finally:
        print(end='' if end_of_line else '\n', flush=True)
    if not status.images:
        raise NoImagesError(duration, status.reason())


PROGRAM = NodeProgram(
    name='status_node',
    node_name='webrtc_status',
    summary='Watch an image topic and print its status in one line.',
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
