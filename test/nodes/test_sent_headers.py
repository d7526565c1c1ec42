"""Stamps and frames of an image topic at the other end: sender node, session, receiver node."""

import contextlib
import time
from dataclasses import dataclass

import pytest
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage
from support.ros.collected import Collected, stamp_of
from support.ros.images import ImageSubscriber
from support.ros.sending_node import SendingNode, running, sending_node, until
from support.ros.topic_publisher import SECOND, ClockPublisher, TopicPublisher

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.pixels.raw_image import RawImage
from webrtc_bridge.nodes.receiver_node import prepare
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, while_spinning
from webrtc_bridge.options import ReceiverOptions

START_NS = 1_004_000_000_001
STEP_NS = 33_333_333
FRAMES = ('front/lens', 'rear/lens')
ENOUGH = 15


class Camera(TopicPublisher):
    """Publishes the test pattern, whose clock identifies each image."""

    def __init__(self):
        super().__init__('cam/image_raw')
        self._pattern = Pattern(320, 240)
        self.sent = {}

    def publish_next(self, stamp_ns):
        number = len(self.sent)
        shown = (1 + number) * SECOND
        pixels = self._pattern.draw(shown).to_ndarray(format='bgr24')
        self.sent[shown] = stamp_ns, FRAMES[number % 2]
        self.publish(RawImage('bgr8', 320, 240, 960, pixels.tobytes()), *self.sent[shown])


class Seen(ImageSubscriber):
    """Images that arrive of it."""

    def headers(self):
        """Return stamp and frame of each image by the clock in it."""
        return {
            shown: (stamp_of(message), message.header.frame_id)
            for _, message, shown in self.images
            if shown is not None
        }


@dataclass
class Bridge:
    """A sending node, a receiving one, and what a subscriber of that gets but for images."""

    sender: SendingNode
    receiver: Node
    infos: Collected
    videos: Collected


@contextlib.asynccontextmanager
async def bridge(*parameters):
    """Run a sender node of `cam/image_raw` and a receiver node, and collect from the latter."""
    given = ('sender_id:=cam', 'webrtc_sender:topic:=cam/image_raw', *parameters)
    async with sending_node(*given) as sender:
        with created_node('webrtc_receiver') as node:
            infos = Collected(node, CameraInfo, 'camera_info')
            videos = Collected(node, CompressedImage, 'image_raw/h264')
            work = prepare(node, Parameters(node, ReceiverOptions))
            async with running(while_spinning(node, work)):
                yield Bridge(sender, node, infos, videos)


async def test_each_picture_has_stamp_and_frame_of_the_topic_that_is_sent():
    async with bridge('webrtc_receiver:stamp:=sender') as nodes:
        with Camera() as camera, Seen() as seen:

            def publish():
                camera.publish_next(START_NS + STEP_NS * len(camera.sent))

            kinds = (nodes.infos.messages, nodes.videos.messages)
            await until(lambda: min(map(len, (seen.headers(), *kinds))) >= ENOUGH, publish)
    headers = seen.headers()
    assert headers == {shown: camera.sent[shown] for shown in headers}
    sent = list(camera.sent.values())
    for messages in kinds:
        found = [(stamp_of(message), message.header.frame_id) for message in messages]
        each = list(dict.fromkeys(found))  # one may be sent again, for a keyframe
        assert each == [header for header in sent if header in found]


async def test_in_simulated_time_the_stamp_is_the_capture_by_the_simulated_clock():
    """A paused clock, or one that jumps back as with a bag that starts again, stops nothing."""
    begun = time.time_ns()
    async with bridge('use_sim_time:=true') as nodes:
        with Camera() as camera, Seen() as seen, ClockPublisher() as clock:

            async def pass_on(start, step):
                """Wait for images that are taken from `start` on, and their camera_info."""
                first = len(camera.sent)
                calibrated = len(nodes.infos.messages)

                def publish():
                    now = start + step * (len(camera.sent) - first)
                    clock.set(now)
                    camera.publish_next(now)

                def enough():
                    new = [shown for shown in seen.headers() if shown > first * SECOND]
                    return min(len(new), len(nodes.infos.messages) - calibrated) >= ENOUGH

                await until(enough, publish)

            async with nodes.sender.viewer() as elsewhere:
                await pass_on(START_NS, STEP_NS)
                await pass_on(START_NS, 0)
                await pass_on(7, STEP_NS)
    headers = seen.headers()
    assert headers == {shown: (camera.sent[shown][0], 'camera_optical_frame') for shown in headers}
    # A receiver without simulated time has the system's.
    assert all(begun < stamp < time.time_ns() for stamp, _ in elsewhere.frames)


@pytest.mark.parametrize('stamp', ['capture', 'receive', 'sender'])
async def test_pictures_of_a_real_clock_arrive_at_the_simulated_time(stamp):
    now = 1_004_500_000_000
    parameters = ('webrtc_receiver:use_sim_time:=true', f'webrtc_receiver:stamp:={stamp}')
    async with bridge(*parameters) as nodes:
        with Camera() as camera, Seen() as seen, ClockPublisher() as clock:
            known = nodes.receiver.get_clock().now
            await until(lambda: known().nanoseconds == now, lambda: clock.set(now))

            def publish():
                camera.publish_next(time.time_ns())

            await until(lambda: len(seen.headers()) >= ENOUGH, publish)
    headers = seen.headers()
    if stamp == 'sender':
        assert headers == {shown: camera.sent[shown] for shown in headers}
    else:
        assert {stamp for stamp, _ in headers.values()} == {now}
