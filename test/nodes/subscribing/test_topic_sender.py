"""An image topic as a sender."""

import time

import cv2
import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from support.media.raw_images import image_of, quarters, wrong_quarters
from support.ros.sending_node import (
    DEADLINE,
    MILLISECOND,
    picture_of,
    sending_node,
    until,
)
from support.ros.topic_publisher import TopicPublisher

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.pixels.picture_maker import KNOWN
from webrtc_bridge.media.pixels.raw_image import RawImage
from webrtc_bridge.receiving import idleness

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


async def test_every_encoding_arrives_in_its_colours_one_after_another():
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as camera:
            for encoding in sorted(KNOWN - {'16UC1', '32FC1'}):
                image = image_of(encoding, (320, 240), padding=4)
                picture = await picture_of(
                    viewer, lambda stamp, image=image: camera.publish(image, stamp)
                )
                assert wrong_quarters(picture, encoding, 12) == {}, encoding


async def test_depth_is_shown_between_the_limits_that_the_parameters_set():
    near_and_far = np.full((240, 320), 1000, '<u2')
    near_and_far[:, 160:] = 2000
    image = RawImage('16UC1', 320, 240, 640, near_and_far.tobytes())
    parameters = ('sender_id:=cam', 'depth_near:=1', 'depth_far:=3.0')
    async with sending_node(*parameters) as node, node.viewer() as viewer:
        with TopicPublisher() as camera:

            def publish(stamp):
                camera.publish(image, stamp)

            picture = await picture_of(viewer, publish)
            assert np.allclose(picture[120, [80, 240]], [[255], [128]], atol=8)
            assert 'depth_far' in await node.set(depth_far=0.5)
            assert await node.set(depth_far=2.0) == ''
            await until(
                lambda: viewer.frames[-1][1][120, 240].max() < 8, lambda: publish(time.time_ns())
            )


@pytest.mark.parametrize('format_name', ['jpeg', 'png', 'rgb8; jpeg compressed bgr8'])
async def test_a_compressed_image_arrives_in_its_colours(format_name):
    kind = '.png' if format_name == 'png' else '.jpg'
    data = cv2.imencode(kind, quarters(321, 241)[..., ::-1])[1].tobytes()
    async with sending_node('sender_id:=cam', 'topic:=cam/compressed') as node:
        with TopicPublisher('cam/compressed', CompressedImage) as camera:
            async with node.viewer() as viewer:
                picture = await picture_of(
                    viewer, lambda stamp: camera.publish_compressed(data, format_name, stamp)
                )
    assert picture.shape == (240, 320, 3)
    assert wrong_quarters(picture, 'rgb8', 12) == {}


def pattern_image(pattern, stamp_ns):
    pixels = pattern.draw(stamp_ns).to_ndarray(format='bgr24')
    height, width = pixels.shape[:2]
    return RawImage('bgr8', width, height, 3 * width, pixels.tobytes())


async def test_the_stamp_of_every_image_arrives():
    pattern = Pattern(320, 240)
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as camera:

            def publish():
                stamp = time.time_ns() - 40 * MILLISECOND
                camera.publish(pattern_image(pattern, stamp), stamp)

            await until(lambda: len(viewer.frames) >= 30, publish)
    errors = []
    for stamp_ns, picture in viewer.frames[15:]:
        clock = read_clock(picture[..., 1])
        assert clock is not None
        errors.append(abs(stamp_ns - clock))
    assert max(errors) <= MILLISECOND


async def test_an_image_without_a_stamp_gets_the_time_now():
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as camera:
            image = image_of('rgb8', (64, 48))
            await until(lambda: len(viewer.frames) >= 30, lambda: camera.publish(image, 0))
    assert abs(viewer.frames[-1][0] - time.time_ns()) < DEADLINE * 1e9


async def test_the_topic_is_subscribed_to_only_while_somebody_watches():
    async with sending_node() as node:
        with TopicPublisher() as camera:
            image = image_of('rgb8', (64, 48))

            def publish():
                camera.publish(image, time.time_ns())

            for _ in range(2):
                assert camera.subscribers == 0
                async with node.viewer() as first:
                    await until(lambda: first.frames, publish)
                    async with node.viewer() as second:
                        await until(lambda: second.frames, publish)
                    seen = len(first.frames)
                    await until(lambda seen=seen: len(first.frames) > seen + 10, publish)
                    assert camera.subscribers == 1
                await until(lambda: camera.subscribers == 0)


async def test_nor_is_it_while_those_who_receive_it_show_it_to_nobody(monkeypatch):
    monkeypatch.setattr(idleness, 'IDLE_AFTER', 0.3)
    image = image_of('rgb8', (64, 48))
    async with sending_node() as node:
        with TopicPublisher() as camera:

            def publish():
                camera.publish(image, time.time_ns())

            async with node.viewer() as viewer:
                await until(lambda: viewer.frames, publish)
                viewer.wanted = False
                await until(lambda: camera.subscribers == 0, publish)
                viewer.frames.clear()
                viewer.wanted = True
                await until(lambda: len(viewer.frames) > 3, publish)


@pytest.mark.parametrize('qos', [BEST_EFFORT, LATCHED], ids=['best_effort', 'latched'])
async def test_a_later_publisher_of_any_qos_is_received(qos):
    image = image_of('rgb8', (64, 48))
    async with sending_node() as node:
        with TopicPublisher() as reliable:
            async with node.viewer() as viewer:
                await until(lambda: viewer.frames, lambda: reliable.publish(image, time.time_ns()))
                with TopicPublisher(qos=qos) as other:
                    await picture_of(viewer, lambda stamp: other.publish(image, stamp))


async def test_a_picture_that_came_once_reaches_all_who_come_later():
    image = image_of('rgb8', (64, 48))
    async with sending_node() as node:
        with TopicPublisher() as camera:
            async with node.viewer() as first:
                published = time.time_ns() - 20_000 * MILLISECOND
                await until(lambda: camera.subscribers)
                camera.publish(image, published)
                await until(lambda: first.frames)
                assert first.stamped(published) is not None  # old, but the clocks are known
                first.wanted = False  # as a node that nobody subscribes to
                async with node.viewer() as second:
                    await until(lambda: second.frames)
                    assert second.stamped(published) is not None
                first.wanted = True
                first.frames.clear()
                await until(lambda: first.frames)
            # Nobody was there for a moment.
            async with node.viewer() as third:
                await until(lambda: third.frames)
                assert wrong_quarters(third.frames[-1][1], 'rgb8', 12) == {}


async def test_size_and_encoding_may_change_on_the_way():
    sizes = [('rgb8', (320, 240)), ('rgb8', (161, 121)), ('nv12', (161, 121)), ('mono8', (64, 50))]
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as camera:
            for encoding, (width, height) in sizes:
                image = image_of(encoding, (width, height))
                picture = await picture_of(
                    viewer, lambda stamp, image=image: camera.publish(image, stamp)
                )
                assert picture.shape == (height & ~1, width & ~1, 3)
                assert wrong_quarters(picture, encoding, 12) == {}


async def test_a_topic_without_a_publisher_or_of_another_type_is_logged_once(caplog):
    async with sending_node('sender_id:=cam', 'topic:=nothing') as node, node.viewer():
        await until(lambda: 'has viewers, but no publisher' in caplog.text)
        with TopicPublisher('a_header', Header):
            assert await node.set(topic='a_header') == ''
            await until(lambda: 'a_header has type std_msgs/msg/Header, expected' in caplog.text)
    assert caplog.text.count('/nothing has viewers, but no publisher') == 1
    assert caplog.text.count('has type') == 1


GARBAGE = [
    RawImage('rgb8', 64, 48, 192, bytes(100)),
    RawImage('xyz', 64, 48, 192, bytes(192 * 48)),
    RawImage('', 0, 0, 0, b''),
    RawImage('32FC1', 2**32 - 1, 2**32 - 1, 2**32 - 1, bytes(3)),
]


async def test_each_kind_of_invalid_image_is_logged_once_and_ends_nothing(caplog):
    async with sending_node() as node, node.viewer() as viewer:
        with TopicPublisher() as camera:
            good = image_of('rgb8', (64, 48))
            await picture_of(viewer, lambda stamp: camera.publish(good, stamp))
            for image in GARBAGE:

                def publish(image=image):
                    camera.publish(image, time.time_ns())

                seen = len(warnings(caplog))
                await until(lambda seen=seen: len(warnings(caplog)) > seen, publish)
                for _ in range(10):
                    publish()
            await picture_of(viewer, lambda stamp: camera.publish(good, stamp))
    lines = warnings(caplog)
    assert len(lines) == len(GARBAGE)
    assert lines[0].startswith('/image_raw: cannot show an image')
    assert '100 bytes of data for 64x48 in rgb8' in lines[0]
    assert 'expected 9216 bytes' in lines[0]
    assert "encoding 'xyz'" in lines[1]
    assert 'expected one of' in lines[1]


def warnings(caplog):
    return [
        record.getMessage()
        for record in caplog.records
        if 'cannot show an image' in record.getMessage()
    ]


async def test_garbage_in_compressed_images_ends_nothing(caplog):
    data = cv2.imencode('.jpg', quarters(64, 48))[1].tobytes()
    broken = [
        (b'', 'jpeg'),
        (b'nonsense', 'jpeg'),
        (b'', 'h264'),
        (b'nonsense', 'h264'),
        (b'\0\0\1\x67\0\0\1\x68\0\0\1\x65' * 9, 'h264'),
        (b'\0\0\1', 'h264'),
    ]
    async with sending_node('sender_id:=cam', 'topic:=cam') as node, node.viewer() as viewer:
        with TopicPublisher('cam', CompressedImage) as camera:
            await picture_of(viewer, lambda stamp: camera.publish_compressed(data, 'jpeg', stamp))
            for content, format_name in broken:
                camera.publish_compressed(content, format_name, time.time_ns())
            await picture_of(viewer, lambda stamp: camera.publish_compressed(data, 'jpeg', stamp))
    assert sum('expected a whole jpeg or png' in line for line in warnings(caplog)) <= 1


async def test_the_bit_rate_is_changed_without_a_keyframe(caplog):
    """Bit rates are measured in test_encoder.py."""
    caplog.set_level('INFO')
    image = image_of('rgb8', (320, 240))
    async with sending_node('sender_id:=cam', 'bitrate:=2000') as node, node.viewer() as viewer:
        with TopicPublisher() as camera:

            async def more_frames():
                goal = len(viewer.encoded) + 10
                await until(
                    lambda: len(viewer.encoded) >= goal,
                    lambda: camera.publish(image, time.time_ns()),
                )

            await more_frames()
            seen = len(viewer.encoded)
            for bitrate in (600, 4000):
                assert await node.set(bitrate=bitrate) == ''
                await more_frames()
                assert f'highest bit rate changed to {bitrate} kbit/s' in caplog.text
            assert not any(frame.keyframe for frame in viewer.encoded[seen:])
            assert await node.set(bitrate=-1)
