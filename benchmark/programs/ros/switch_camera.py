"""
Switch the receiver node between two cameras, and watch its topic.

The height of the images distinguishes the cameras.
"""

import argparse
import sys
import threading
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from sensor_msgs.msg import Image

from benchmark.programs.report import report

RECEIVER = 'webrtc_receiver'
LONGEST = 20.0
'Seconds to wait for an image of the wanted camera.'

STEADY = 10
'Images of one camera before the next switch.'


class Topic:
    """The times and heights of the images of a topic."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[float, int]] = []
        self._arrived = threading.Condition()

    def on_image(self, image: Image) -> None:
        """Record an image."""
        now = time.monotonic()
        with self._arrived:
            self._arrivals.append((now, image.height))
            self._arrived.notify_all()

    def wait_for(self, height: int, number: int, since: float) -> float:
        """Wait for `number` images of `height` since then; return the time of the first."""

        def times() -> list[float]:
            return [at for at, seen in self._arrivals if at >= since and seen == height]

        with self._arrived:
            if not self._arrived.wait_for(lambda: len(times()) >= number, LONGEST):
                raise TimeoutError(f'no {number} images of height {height} in {LONGEST} s')
            return times()[0]

    def longest_gap(self, since: float) -> float:
        """Return the longest time between two images since then, including the last one before."""
        with self._arrived:
            times = [at for at, _ in self._arrivals]
        first = max((i for i, at in enumerate(times) if at < since), default=0)
        return max(b - a for a, b in zip(times[first:], times[first + 1 :], strict=False))


def switch(client: AsyncParameterClient, sender_id: str) -> None:
    """Set the parameter as `ros2 param set` does, without waiting for the answer."""
    client.set_parameters([Parameter('sender_id', value=sender_id)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cameras', nargs=2, metavar='ID:HEIGHT', required=True)
    parser.add_argument('--switches', type=int, required=True)
    options = parser.parse_args()
    cameras = [(name, int(height)) for name, height in (c.split(':') for c in options.cameras)]
    rclpy.init()
    node = rclpy.create_node('switch_camera')
    topic = Topic()
    node.create_subscription(Image, 'image_raw', topic.on_image, 10)
    client = AsyncParameterClient(node, RECEIVER)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()
    client.wait_for_services(LONGEST)
    took: dict[str, list[float]] = {'switch_ms': [], 'gap_ms': []}
    topic.wait_for(cameras[0][1], STEADY, 0.0)
    for number in range(1, options.switches + 1):
        name, height = cameras[number % 2]
        start = time.monotonic()
        switch(client, name)
        first = topic.wait_for(height, 1, start)
        topic.wait_for(height, STEADY, first)
        took['switch_ms'].append(1000 * (first - start))
        took['gap_ms'].append(1000 * topic.longest_gap(start))
    report(took)
    executor.shutdown()
    rclpy.shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
