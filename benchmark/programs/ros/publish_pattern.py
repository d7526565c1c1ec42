"""
Publish the test pattern as cv_bridge does, with the defaults of Fast DDS.

When ended by SIGTERM, it writes the times of publishing: a JSON list like that of `traced`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from sensor_msgs.msg import Image

from benchmark.plan import FPS
from benchmark.programs.ros.image_subscriber import forever
from benchmark.programs.stock.receiver import to_message
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.program.lifetime import run


async def publish(topic: str, pattern: Pattern, instants: list[tuple[str, int, int]]) -> None:
    """Publish `pattern` on `topic` until cancelled, and record the times in `instants`."""
    with initialised([]), created_node('publish_pattern') as node:
        publisher = node.create_publisher(Image, topic, 10)

        def publish_one() -> None:
            capture_ns = time.time_ns()
            publisher.publish(to_message(pattern.draw(capture_ns)))
            instants.append(('published', capture_ns, time.time_ns()))

        node.create_timer(1 / FPS, publish_one)
        await while_spinning(node, forever())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--width', type=int, required=True)
    parser.add_argument('--height', type=int, required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--output', type=Path, required=True)
    options = parser.parse_args()
    pattern = Pattern(options.width, options.height)
    instants: list[tuple[str, int, int]] = []
    status = run(lambda: publish(options.topic, pattern, instants))
    options.output.write_text(json.dumps(instants))
    return status


if __name__ == '__main__':
    sys.exit(main())
