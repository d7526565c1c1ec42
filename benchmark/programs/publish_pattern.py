"""
Publish the test pattern as cv_bridge does, with Fast DDS as it comes.

Ended by SIGTERM, it writes when: a JSON list like that of `traced`.
"""

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

import rclpy
from sensor_msgs.msg import Image

from benchmark.plan import FPS
from benchmark.programs.stock_receiver import to_message
from webrtc_bridge.media.pattern import Pattern


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--output', type=Path, required=True)
    given = parser.parse_args()
    rclpy.init()
    node = rclpy.create_node('publish_pattern')
    publisher = node.create_publisher(Image, given.topic, 10)
    pattern = Pattern(given.width, given.height)
    instants: list[tuple[str, int, int]] = []

    def publish() -> None:
        capture_ns = time.time_ns()
        publisher.publish(to_message(pattern.draw(capture_ns)))
        instants.append(('published', capture_ns, time.time_ns()))

    node.create_timer(1 / FPS, publish)
    with contextlib.suppress(rclpy.executors.ExternalShutdownException):
        rclpy.spin(node)
    given.output.write_text(json.dumps(instants))
    return 0


if __name__ == '__main__':
    sys.exit(main())
