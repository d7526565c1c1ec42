"""A relay: the H.264 topic of a receiver node, sent on by a sender node."""

import contextlib

import av
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage
from support.ros.collected import Collected, stamp_of
from support.ros.sending_node import running, sending_node, until

from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.h264.units import IDR_SLICE, kind, nal_units
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.nodes.receiver_node import prepare
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, while_spinning
from webrtc_bridge.options import EncoderOptions, ReceiverOptions, SenderOptions, SourceOptions
from webrtc_bridge.sending.sender import Sender

MS = 1_000_000

NO_KEYFRAMES = 'webrtc_receiver:keyframe_interval:=3600.0'
'None but those that a new subscriber of the topic gets.'


@contextlib.asynccontextmanager
async def relay(*parameters, sent='image_raw/h264'):
    """Send the test pattern as `front`, receive it, and send the topic `sent` as `relay`."""
    given = (
        'webrtc_receiver:sender_id:=front',
        'webrtc_sender:sender_id:=relay',
        f'webrtc_sender:topic:={sent}',
        *parameters,
    )
    async with sending_node(*given) as node:
        frames = Latest()
        camera = Camera(SourceOptions(source='test', width=320, height=240), frames)
        camera.open()
        sender = Sender(SenderOptions(node.url, 'front'), EncoderOptions(), frames, 30.0)
        try:
            with created_node('webrtc_receiver') as receiver:
                topic = Collected(receiver, CompressedImage, 'image_raw/h264')
                work = prepare(receiver, Parameters(receiver, ReceiverOptions))
                async with running(sender.run()), running(while_spinning(receiver, work)):
                    yield node, topic
        finally:
            camera.close()


def is_keyframe(message):
    return IDR_SLICE in map(kind, nal_units(bytes(message.data)))


def clocks(viewer):
    """Return the stamp of each picture and the time in it."""
    seen = [(stamp, read_clock(picture[..., 1])) for stamp, picture in viewer.frames]
    return [(stamp, clock) for stamp, clock in seen if clock is not None]


async def test_who_joins_a_relay_between_two_keyframes_sees_the_video_at_once():
    async with relay(NO_KEYFRAMES) as (node, topic), node.viewer('relay') as first:
        await until(lambda: len(first.frames) >= 20)
        async with node.viewer('relay') as second:
            joined = len(topic.messages)
            await until(lambda: len(clocks(second)) >= 10)
            assert not any(map(is_keyframe, topic.messages[joined:]))
            already = clocks(first)[-1][1]
            await until(lambda: clocks(second)[-1][1] > already)
    # The capture of the camera at the far end, not the time at which the relay got it.
    stamps = [stamp - clock for viewer in (first, second) for stamp, clock in clocks(viewer)[5:]]
    assert max(map(abs, stamps)) < 5 * MS


@pytest.mark.parametrize('kind', ['image_raw', 'image_raw/compressed'])
async def test_decoded_images_are_relayed_too_with_their_stamps(kind):
    async with relay(sent=kind) as (node, _), node.viewer('relay') as viewer:
        await until(lambda: len(clocks(viewer)) >= 10)
    assert max(abs(stamp - clock) for stamp, clock in clocks(viewer)[5:]) < 5 * MS


class SlowSubscriber:
    """Subscribes to the topic with a short queue, and takes messages only when told."""

    def __init__(self):
        self.messages = []
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('slow', context=self._context)
        self._node.create_subscription(CompressedImage, 'image_raw/h264', self.messages.append, 5)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def take(self):
        self._executor.spin_once(timeout_sec=0)


async def test_a_subscriber_that_stalled_for_a_second_recovers_at_a_keyframe():
    async with relay('webrtc_receiver:keyframe_interval:=0.3') as (_, topic):
        with SlowSubscriber() as slow:
            await until(lambda: len(slow.messages) >= 5, slow.take)
            before = len(topic.messages)
            await until(lambda: len(topic.messages) >= before + 30)
            began = topic.messages[before - 1]
            slow.messages.clear()
            await until(lambda: any(map(is_keyframe, slow.messages)), slow.take)
    keyframe = next(message for message in slow.messages if is_keyframe(message))
    (picture,) = open_decoder(Codec.H264).decode(av.Packet(bytes(keyframe.data)))
    assert read_clock(picture.to_ndarray(format='gray')) is not None
    assert stamp_of(keyframe) > stamp_of(began)
