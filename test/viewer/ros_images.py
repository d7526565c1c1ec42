"""An ordinary rclpy subscriber of an image topic, for pages' cameras."""

import asyncio
import threading
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image


class ImageCounter:
    """Keeps the newest image and counts them; use it with `with`."""

    def __init__(self, topic: str) -> None:
        self._count = 0
        self._newest: Image | None = None
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('subscriber', context=self._context)
        self._node.create_subscription(Image, topic, self._on_image, 5)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._spin)

    def __enter__(self) -> 'ImageCounter':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    async def newest_of(self, number: int, timeout: float = 30.0) -> Image:
        """Return the newest image once `number` have come."""
        end = time.monotonic() + timeout
        while self._count < number or self._newest is None:
            assert time.monotonic() < end, f'{self._count} images after {timeout} s'
            await asyncio.sleep(0.02)
        return self._newest

    def _spin(self) -> None:
        while not self._done.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def _on_image(self, image: Image) -> None:
        self._count += 1
        self._newest = image
