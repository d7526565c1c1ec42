"""
Switch the receiver node between two cameras, and watch its topic.

The cameras are told apart by the height of their images.
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
'Seconds that an image of the wanted camera is waited for.'

STEADY = 10
'Images of one camera before it is switched.'


class Topic:
    """When images of which height came."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[float, int]] = []
        self._arrived = threading.Condition()

    def on_image(self, image: Image) -> None:
        """Note an image."""
        now = time.monotonic()
        with self._arrived:
            self._arrivals.append((now, image.height))
            self._arrived.notify_all()

    def wait_for(self, height: int, number: int, since: float) -> float:
        """Return when the first of `number` images of `height` since then came, once all have."""

        def times() -> list[float]:
            return [at for at, one in self._arrivals if at >= since and one == height]

        with self._arrived:
            if not self._arrived.wait_for(lambda: len(times()) >= number, LONGEST):
                raise TimeoutError(f'no {number} images of height {height} in {LONGEST} s')
            return times()[0]

    def longest_gap(self, since: float) -> float:
        """Return the longest time between two images since then, and the one before."""
        with self._arrived:
            times = [at for at, _ in self._arrivals]
        first = max((i for i, at in enumerate(times) if at < since), default=0)
        return max(b - a for a, b in zip(times[first:], times[first + 1 :], strict=False))


def switch(client: AsyncParameterClient, sender_id: str) -> None:
    """Set the parameter, as `ros2 param set` does, and do not wait for the answer."""
    client.set_parameters([Parameter('sender_id', value=sender_id)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cameras', nargs=2, metavar='ID:HEIGHT', required=True)
    parser.add_argument('--switches', type=int, required=True)
    given = parser.parse_args()
    cameras = [(name, int(height)) for name, height in (c.split(':') for c in given.cameras)]
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
    for number in range(1, given.switches + 1):
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
