"""An ordinary rclpy subscriber of an image topic."""

import asyncio
import threading
import time
from collections.abc import Callable

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from webrtc_bridge.media.capture.pattern import BARS, bar_rectangle, read_clock


class ImageSubscriber:
    """Keeps every image's header and clock, and the newest image; use it with `with`."""

    def __init__(self, topic: str = 'image_raw', *, reliable: bool = True) -> None:
        self.images: list[tuple[float, Image, int | None]] = []
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('subscriber', context=self._context)
        qos = QoSProfile(
            depth=5,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        )
        self._node.create_subscription(Image, topic, self._on_image, qos)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._spin)

    def __enter__(self) -> 'ImageSubscriber':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        while not self._done.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def _on_image(self, image: Image) -> None:
        self.images.append((time.monotonic(), image, read_clock(pixels(image)[..., 1])))
        if len(self.images) > 10:  # of the older ones only the header is of interest
            self.images[-10][1].data = []

    async def wait_for(
        self, condition: Callable[['ImageSubscriber'], bool], timeout: float = 20.0
    ) -> None:
        """Wait until `condition(self)` holds."""
        end = time.monotonic() + timeout
        while not condition(self):
            assert time.monotonic() < end, f'not so after {timeout} s, {len(self.images)} images'
            await asyncio.sleep(0.01)

    async def wait_for_more(self, number: int, timeout: float = 20.0) -> None:
        """Wait for `number` images from now on."""
        goal = len(self.images) + number
        await self.wait_for(lambda subscriber: len(subscriber.images) >= goal, timeout)

    @property
    def newest(self) -> Image:
        return self.images[-1][1]

    @property
    def stamps(self) -> list[int]:
        headers = [image.header.stamp for _, image, _ in self.images]
        return [stamp.sec * 1_000_000_000 + stamp.nanosec for stamp in headers]


def pixels(image: Image) -> np.ndarray:
    """Return an 8-bit image's pixels, of shape (height, width, channels)."""
    rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
    return rows.reshape(image.height, image.width, -1)


def bar_colour(image: Image, name: str) -> tuple[int, int, int]:
    """Return the mean red, green and blue inside the colour bar `name` of a bgr8 or rgb8 image."""
    left, top, right, bottom = bar_rectangle(name)
    width, height = image.width, image.height
    inset = 0.2 * (right - left)
    inside = pixels(image)[
        int(height * (top + 0.1)) : int(height * (bottom - 0.1)),
        int(width * (left + inset)) : int(width * (right - inset)),
    ]
    colour = [round(value) for value in inside.mean(axis=(0, 1))]
    red, green, blue = colour if image.encoding == 'rgb8' else reversed(colour)
    return red, green, blue


def wrong_bars(image: Image, tolerance: int = 16) -> dict[str, tuple[int, int, int]]:
    """Return the colour bars that do not have their colour, with the one they have."""
    found = {name: bar_colour(image, name) for name in BARS}
    return {
        name: colour
        for name, colour in found.items()
        if max(abs(a - b) for a, b in zip(colour, BARS[name], strict=True)) > tolerance
    }
