"""
An ordinary rclpy subscriber that records the time of every image.

When ended by SIGTERM, it writes JSON: for each topic a list of [arrival, clock] pairs, the Unix
times in nanoseconds of the callback and of the capture, null if that cannot be read from the
picture. It has no Fast DDS profile, like every untuned subscriber. With --keep-memory its images
are stored in memory that it already has.
"""

import argparse
import asyncio
import ctypes
import json
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.program.lifetime import run

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
'Of mallopt(3).'


class ImageClock:
    """Record the arrival and capture time of each image."""

    def __init__(self, topics: list[str]) -> None:
        self.samples: dict[str, list[tuple[int, int | None]]] = {topic: [] for topic in topics}

    def on_image(self, topic: str, image: Image) -> None:
        """Take the time before reading the clock, which costs half a millisecond."""
        arrival_ns = time.time_ns()
        is_first = not self.samples[topic]
        self.samples[topic].append((arrival_ns, read_clock(green(image))))
        if is_first and all(self.samples.values()):
            print('first image', flush=True)


def green(image: Image) -> npt.NDArray[np.uint8]:
    """Return the green of a bgr8 image, a view; it is the luma of the black and white clock."""
    rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
    return rows[:, 1 : 3 * image.width : 3]


async def watch(clock: ImageClock, best_effort: bool) -> None:
    """Let `clock` record the images of all its topics until cancelled."""
    reliability = ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE
    with initialised([]), created_node('image_subscriber') as node:
        qos = QoSProfile(depth=10, reliability=reliability)
        for topic in clock.samples:
            node.create_subscription(Image, topic, partial(clock.on_image, topic), qos)
        # Not rclpy.spin() with rclpy's own signal handlers: under a stream of images SIGTERM ended
        # it with an RCLError in 13 of 30 cases (rclpy 9.1.2).
        await while_spinning(node, forever())


async def forever() -> None:
    """Wait to be cancelled."""
    await asyncio.Event().wait()


def keep_memory() -> None:
    """Let glibc keep freed memory, as MALLOC_{MMAP,TRIM}_THRESHOLD_ in the environment do."""
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_THRESHOLD, 64 << 20)
    libc.mallopt(M_TRIM_THRESHOLD, 256 << 20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--topics', nargs='+', required=True)
    parser.add_argument('--output', required=True, type=Path)
    parser.add_argument('--best-effort', action='store_true')
    parser.add_argument('--keep-memory', action='store_true')
    options = parser.parse_args()
    if options.keep_memory:
        keep_memory()
    clock = ImageClock(options.topics)
    status = run(lambda: watch(clock, options.best_effort))
    options.output.write_text(json.dumps(clock.samples))
    return status


if __name__ == '__main__':
    sys.exit(main())
