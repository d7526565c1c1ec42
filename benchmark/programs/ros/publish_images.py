"""Publish images in different ways in turn, and report the CPU time of each message."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import av
import numpy as np
import rclpy
from rclpy.publisher import Publisher
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from benchmark.plan import Size
from benchmark.programs.report import report
from benchmark.programs.stock.receiver import to_message
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.nodes.publishing.image_converter import ImageConverter
from webrtc_bridge.nodes.ros.dds_profile import image_segment

INTERVAL = 0.004
'Seconds between messages, so that none waits for the one before.'

FIRST = 5
'Messages that are not counted.'

LONGEST_WAIT = 10.0

Publish = Callable[[Any], None]


def empty(picture: av.VideoFrame) -> Image:
    """Return a message for `picture`, without its pixels."""
    size = {'height': picture.height, 'width': picture.width, 'step': 3 * picture.width}
    return Image(encoding='bgr8', **size)


def ways(picture: av.VideoFrame, publish: Publish) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield names and functions that publish one message of `picture`."""
    bgr = picture.to_ndarray(format='bgr24')
    if bridge := cv_bridge():
        yield 'BGR array, cv_bridge', lambda: publish(bridge.cv2_to_imgmsg(bgr, 'bgr8'))

    def by_frombytes() -> None:
        message = empty(picture)
        message.data.frombytes(bgr.tobytes())
        publish(message)

    def by_buffer() -> None:
        message = empty(picture)
        message._data = bgr
        publish(message)

    message = empty(picture)
    message._data = bgr
    head = serialize_message(message)[: -bgr.nbytes]

    yield 'BGR array, data.frombytes (what cv_bridge does)', by_frombytes
    yield 'BGR array as the buffer of the message', by_buffer
    yield 'BGR array, serialized bytes', lambda: publish(b''.join([head, bgr.data]))
    yield 'decoded picture, to_ndarray and frombytes', lambda: publish(to_message(picture))
    converter = ImageConverter('bgr8')
    yield 'decoded picture, as ours', lambda: publish(converter.to_message(picture, Header()))


def cv_bridge() -> Any:
    """Return a CvBridge, if it is installed and works with this numpy."""
    try:
        from cv_bridge import CvBridge  # type: ignore[import-not-found, unused-ignore]

        return CvBridge()
    except (ImportError, AttributeError):
        return None


def cost(publish_one: Callable[[], None], messages: int) -> float:
    """Return the CPU time of the process for each message, in ms."""
    used = []
    for _ in range(messages + FIRST):
        start = time.process_time()
        publish_one()
        used.append(time.process_time() - start)
        time.sleep(INTERVAL)
    return 1000 * float(np.mean(used[FIRST:]))


def measure(publisher: 'Publisher[Image]', sizes: list[Size], messages: int) -> list[Any]:
    """Return the CPU time of each way at each size."""
    costs = []
    for size in sizes:
        picture = Pattern(size.width, size.height).draw(time.time_ns())
        for way, publish_one in ways(picture, publisher.publish):
            used = cost(publish_one, messages)
            costs.append({'way': way, 'size': str(size), 'cpu_ms': used})
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--messages', type=int, required=True)
    parser.add_argument('--sizes', nargs='+', type=Size.parse, required=True)
    options = parser.parse_args()
    with image_segment():
        rclpy.init()
        node = rclpy.create_node('publish_images')
    publisher = node.create_publisher(Image, options.topic, 10)
    end = time.monotonic() + LONGEST_WAIT
    while not publisher.get_subscription_count() and time.monotonic() < end:
        time.sleep(0.05)
    report(measure(publisher, options.sizes, options.messages))
    return 0


if __name__ == '__main__':
    sys.exit(main())
