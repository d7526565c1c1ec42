"""An image topic across a network and back to a topic: sender node, server, receiver node."""

import array
import asyncio
import threading
import time

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, Image
from support.ros.images import ImageSubscriber, wrong_bars

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.nodes.subscribing.camera_info_subscription import camera_info_topic

FOCAL_LENGTH = 321.5


class CameraDriver:
    """Publishes the test pattern as `robot/image_raw`, with a camera_info, 20 times a second."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('camera_driver', context=self._context)
        self.images = self._node.create_publisher(Image, 'robot/image_raw', 5)
        self._info = self._node.create_publisher(CameraInfo, 'robot/camera_info', 5)
        self._pattern = Pattern(320, 240)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> 'CameraDriver':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _run(self) -> None:
        while not self._done.wait(0.05):
            now = time.time_ns() // 1000 * 1000
            pixels = self._pattern.draw(now).to_ndarray(format='bgr24')
            image = Image(encoding='bgr8', width=320, height=240, step=960)
            image.data = array.array('B', pixels.tobytes())
            info = CameraInfo(width=320, height=240, distortion_model='plumb_bob')
            info.k = [FOCAL_LENGTH, 0.0, 160.0, 0.0, FOCAL_LENGTH, 120.0, 0.0, 0.0, 1.0]
            for message in (image, info):
                stamp = message.header.stamp
                stamp.sec, stamp.nanosec = divmod(now, 1_000_000_000)
            self.images.publish(image)
            self._info.publish(info)


class InfoSubscriber:
    """Waits for a camera_info."""

    def __init__(self, topic: str) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('info_subscriber', context=self._context)
        self._infos: list[CameraInfo] = []
        self._node.create_subscription(CameraInfo, topic, self._infos.append, 5)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def wait_for(self, focal_length: float) -> CameraInfo:
        """Return the first with that focal length."""
        end = time.monotonic() + 20
        while not self._infos or self._infos[-1].k[0] != focal_length:
            assert time.monotonic() < end, f'{len(self._infos)} camera_info, none that is right'
            self._executor.spin_once(timeout_sec=0.1)
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()
        return self._infos[-1]


async def start_bridge(start_module, server):
    url = ['-p', f'server_url:={server.url}', '-p', 'sender_id:=robot']
    await start_module('nodes.sender_node', '--ros-args', *url, '-p', 'topic:=robot/image_raw')
    return await start_module('nodes.receiver_node', '--ros-args', *url)


async def test_stamps_and_pictures_come_out_as_they_went_in(start_module, server):
    receiver = await start_bridge(start_module, server)
    with CameraDriver(), ImageSubscriber() as subscriber:
        await receiver.line('image: stamping with capture time')
        await subscriber.wait_for_more(2)
        subscriber.images.clear()
        await subscriber.wait_for_more(30)
        assert not wrong_bars(subscriber.newest)
        stamped = [
            abs(stamp - clock)
            for stamp, (_, _, clock) in zip(subscriber.stamps, subscriber.images, strict=True)
            if clock is not None
        ]
        assert len(stamped) >= 25
        assert max(stamped) < 1_000_000


async def test_the_calibration_comes_across_with_the_images(start_module, server):
    await start_bridge(start_module, server)
    with CameraDriver(), ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(5)
        info = await asyncio.to_thread(InfoSubscriber('camera_info').wait_for, FOCAL_LENGTH)
        assert (info.width, info.height, info.distortion_model) == (320, 240, 'plumb_bob')
        assert info.header.frame_id == subscriber.newest.header.frame_id


async def test_the_topic_is_subscribed_to_only_while_somebody_watches(start_module, server):
    receiver = await start_bridge(start_module, server)
    with CameraDriver() as camera, ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(5)
        assert camera.images.get_subscription_count() == 1
        await receiver.stop()

        async def unsubscribed() -> None:
            while camera.images.get_subscription_count():  # noqa: ASYNC110 (rclpy has no event)
                await asyncio.sleep(0.05)

        await asyncio.wait_for(unsubscribed(), 10)


@pytest.mark.parametrize(
    ('images', 'info'),
    [
        ('/image_raw', '/camera_info'),
        ('/cam/image_raw', '/cam/camera_info'),
        ('/cam/image_raw/compressed', '/cam/camera_info'),
        ('/cam/image_raw/h264', '/cam/camera_info'),
        ('/compressed', '/camera_info'),
    ],
)
def test_camera_info_stands_beside_the_images(images: str, info: str) -> None:
    assert camera_info_topic(images) == info
