import asyncio
import contextlib
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from support.media.raw_images import image_of, quarters, wrong_quarters
from support.ros.topic_publisher import TopicPublisher

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.pixels.picture_maker import KNOWN
from webrtc_bridge.media.pixels.raw_image import RawImage
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised, while_spinning
from webrtc_bridge.nodes.sender_node import prepare
from webrtc_bridge.options import ReceiverOptions, SenderNodeOptions, SignalingOptions
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.signaling.server.server import SignalingServer

DEADLINE = 20.0
MILLISECOND = 1_000_000
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@contextlib.asynccontextmanager
async def running(work):
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Viewer(FrameSink):
    """What a receiver in this process gets, pictures in RGB with their stamps."""

    def __init__(self, url, sender_id):
        self.frames = []
        self.encoded = []
        self.receiver = Receiver(ReceiverOptions(url, sender_id), self)

    def wants_frames(self):
        return True

    def on_picture(self, received):
        self.frames.append((received.stamp_ns, received.picture.to_ndarray(format='rgb24')))

    def on_frame(self, frame, stamp_ns):
        self.encoded.append(frame)

    def stamped(self, stamp_ns):
        """Return the picture with that stamp, if it came."""
        near = (shown for at, shown in self.frames if abs(at - stamp_ns) <= MILLISECOND)
        return next(near, None)


class Bridge:
    """A signaling server and the node; `node` spins in a thread of its own."""

    def __init__(self, url, node):
        self.url = url
        self.node = node

    @contextlib.asynccontextmanager
    async def viewer(self, sender_id='cam'):
        viewer = Viewer(self.url, sender_id)
        async with running(viewer.receiver.run()):
            yield viewer

    async def set(self, **values):
        """Set parameters as `ros2 param set` does; return why not."""
        changes = [Parameter(name, value=value) for name, value in values.items()]
        results = await asyncio.to_thread(self.node.set_parameters, changes)
        return next((result.reason for result in results if not result.successful), '')


@contextlib.asynccontextmanager
async def bridge(*parameters):
    async with SignalingServer(SignalingOptions(port=0)) as server:
        arguments = ['--ros-args', '-p', f'server_url:={server.url}']
        for parameter in parameters or ('sender_id:=cam',):
            arguments += ['-p', parameter]
        with initialised(arguments), created_node('webrtc_sender') as node:
            work = prepare(node, Parameters(node, SenderNodeOptions))
            async with running(while_spinning(node, work)):
                yield Bridge(server.url, node)


async def until(condition, publish=None, timeout=DEADLINE):
    """Publish 30 times a second until `condition()` holds; return what it returned."""
    end = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < end, 'not so in time'
        if publish:
            publish()
        await asyncio.sleep(1 / 30)
    return result


async def shown(viewer, publish):
    """Publish, with stamps, until a picture with one of these stamps is seen; return it."""
    stamps = []

    def publish_now():
        stamps.append(time.time_ns())
        publish(stamps[-1])

    def newest():
        found = (viewer.stamped(stamp) for stamp in stamps[-30:])
        return [picture for picture in found if picture is not None]

    return (await until(newest, publish_now))[0]


async def test_every_encoding_arrives_in_its_colours_one_after_another():
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as camera:
            for encoding in sorted(KNOWN - {'16UC1', '32FC1'}):
                image = image_of(encoding, (320, 240), padding=4)
                picture = await shown(
                    viewer, lambda stamp, image=image: camera.publish(image, stamp)
                )
                assert wrong_quarters(picture, encoding, 12) == {}, encoding


async def test_depth_is_shown_between_the_limits_that_the_parameters_set():
    near_and_far = np.full((240, 320), 1000, '<u2')
    near_and_far[:, 160:] = 2000
    image = RawImage('16UC1', 320, 240, 640, near_and_far.tobytes())
    parameters = ('sender_id:=cam', 'depth_near:=1', 'depth_far:=3.0')
    async with bridge(*parameters) as there, there.viewer() as viewer:
        with TopicPublisher() as camera:

            def publish(stamp):
                camera.publish(image, stamp)

            picture = await shown(viewer, publish)
            assert np.allclose(picture[120, [80, 240]], [[255], [128]], atol=8)
            assert 'depth_far' in await there.set(depth_far=0.5)
            assert await there.set(depth_far=2.0) == ''
            await until(
                lambda: viewer.frames[-1][1][120, 240].max() < 8, lambda: publish(time.time_ns())
            )


@pytest.mark.parametrize('form', ['jpeg', 'png', 'rgb8; jpeg compressed bgr8'])
async def test_a_compressed_image_arrives_in_its_colours(form):
    kind = '.png' if form == 'png' else '.jpg'
    data = cv2.imencode(kind, quarters(321, 241)[..., ::-1])[1].tobytes()
    async with bridge('sender_id:=cam', 'topic:=cam/compressed') as there:
        with TopicPublisher('cam/compressed', CompressedImage) as camera:
            async with there.viewer() as viewer:
                picture = await shown(
                    viewer, lambda stamp: camera.publish_compressed(data, form, stamp)
                )
    assert picture.shape == (240, 320, 3)
    assert wrong_quarters(picture, 'rgb8', 12) == {}


def pattern_image(pattern, stamp_ns):
    pixels = pattern.draw(stamp_ns).to_ndarray(format='bgr24')
    height, width = pixels.shape[:2]
    return RawImage('bgr8', width, height, 3 * width, pixels.tobytes())


async def test_the_stamp_of_every_image_is_carried_across():
    pattern = Pattern(320, 240)
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as camera:

            def publish():
                stamp = time.time_ns() - 40 * MILLISECOND
                camera.publish(pattern_image(pattern, stamp), stamp)

            await until(lambda: len(viewer.frames) >= 60, publish)
    errors = []
    for stamp_ns, picture in viewer.frames[15:]:
        clock = read_clock(picture[..., 1])
        assert clock is not None
        errors.append(abs(stamp_ns - clock))
    assert max(errors) <= MILLISECOND


async def test_an_image_without_a_stamp_is_taken_for_one_of_now():
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as camera:
            image = image_of('rgb8', (64, 48))
            await until(lambda: len(viewer.frames) >= 30, lambda: camera.publish(image, 0))
    assert abs(viewer.frames[-1][0] - time.time_ns()) < DEADLINE * 1e9


async def test_the_topic_is_subscribed_to_only_while_somebody_watches():
    async with bridge() as there:
        with TopicPublisher() as camera:
            image = image_of('rgb8', (64, 48))

            def publish():
                camera.publish(image, time.time_ns())

            for _ in range(2):
                assert camera.subscribers == 0
                async with there.viewer() as one:
                    await until(lambda one=one: one.frames, publish)
                    async with there.viewer() as two:
                        await until(lambda two=two: two.frames, publish)
                    seen = len(one.frames)
                    await until(lambda one=one, seen=seen: len(one.frames) > seen + 10, publish)
                    assert camera.subscribers == 1
                await until(lambda: camera.subscribers == 0)


@pytest.mark.parametrize('qos', [BEST_EFFORT, LATCHED], ids=['best_effort', 'latched'])
async def test_a_publisher_of_any_quality_that_comes_later_is_heard(qos):
    image = image_of('rgb8', (64, 48))
    async with bridge() as there:
        with TopicPublisher() as reliable:
            async with there.viewer() as viewer:
                await until(lambda: viewer.frames, lambda: reliable.publish(image, time.time_ns()))
                with TopicPublisher(qos=qos) as other:
                    await shown(viewer, lambda stamp: other.publish(image, stamp))


async def test_size_and_encoding_may_change_on_the_way():
    sizes = [('rgb8', (320, 240)), ('rgb8', (161, 121)), ('nv12', (161, 121)), ('mono8', (64, 50))]
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as camera:
            for encoding, (width, height) in sizes:
                image = image_of(encoding, (width, height))
                picture = await shown(
                    viewer, lambda stamp, image=image: camera.publish(image, stamp)
                )
                assert picture.shape == (height & ~1, width & ~1, 3)
                assert wrong_quarters(picture, encoding, 12) == {}


async def test_a_topic_that_nobody_publishes_or_that_is_no_image_is_told_of_once(caplog):
    async with bridge('sender_id:=cam', 'topic:=nothing') as there, there.viewer():
        await until(lambda: 'has viewers, but no publisher' in caplog.text)
        with TopicPublisher('a_header', Header):
            assert await there.set(topic='a_header') == ''
            await until(lambda: 'a_header has type std_msgs/msg/Header, expected' in caplog.text)
    assert caplog.text.count('/nothing has viewers, but no publisher') == 1
    assert caplog.text.count('has type') == 1


GARBAGE = [
    RawImage('rgb8', 64, 48, 192, bytes(100)),
    RawImage('xyz', 64, 48, 192, bytes(192 * 48)),
    RawImage('', 0, 0, 0, b''),
    RawImage('32FC1', 2**32 - 1, 2**32 - 1, 2**32 - 1, bytes(3)),
]


async def test_of_images_that_cannot_be_shown_one_line_each_is_told_and_nothing_ends(caplog):
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as camera:
            good = image_of('rgb8', (64, 48))
            await shown(viewer, lambda stamp: camera.publish(good, stamp))
            for image in GARBAGE:

                def publish(image=image):
                    camera.publish(image, time.time_ns())

                seen = len(told(caplog))
                await until(lambda seen=seen: len(told(caplog)) > seen, publish)
                for _ in range(10):
                    publish()
            await shown(viewer, lambda stamp: camera.publish(good, stamp))
    lines = told(caplog)
    assert len(lines) == len(GARBAGE)
    assert lines[0].startswith('/image_raw: cannot show an image')
    assert '100 bytes of data for 64x48 in rgb8' in lines[0]
    assert 'expected 9216 bytes' in lines[0]
    assert "encoding 'xyz'" in lines[1]
    assert 'expected one of' in lines[1]


def told(caplog):
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
    async with bridge('sender_id:=cam', 'topic:=cam') as there, there.viewer() as viewer:
        with TopicPublisher('cam', CompressedImage) as camera:
            await shown(viewer, lambda stamp: camera.publish_compressed(data, 'jpeg', stamp))
            for content, form in broken:
                camera.publish_compressed(content, form, time.time_ns())
            await shown(viewer, lambda stamp: camera.publish_compressed(data, 'jpeg', stamp))
    assert sum('expected a whole jpeg or png' in line for line in told(caplog)) <= 1


async def test_another_topic_is_gone_over_to_and_a_bad_name_refused():
    front = image_of('rgb8', (320, 240))
    rear = image_of('mono8', (160, 120))
    async with bridge() as there, there.viewer() as viewer:
        with TopicPublisher() as first, TopicPublisher('rear/image') as second:
            await shown(viewer, lambda stamp: first.publish(front, stamp))
            assert 'a valid ROS topic name' in await there.set(topic='9x')
            assert '1 topics' in await there.set(topics=['a', 'b'])
            assert await there.set(topic='rear/image') == ''
            picture = await shown(viewer, lambda stamp: second.publish(rear, stamp))
            assert picture.shape == (120, 160, 3)
            await until(lambda: first.subscribers == 0)


def noise(count):
    rng = np.random.default_rng(0)
    for _ in range(count):
        pixels = rng.integers(0, 255, (240, 320), np.uint8)
        yield RawImage('mono8', 320, 240, 320, pixels.tobytes())


async def test_the_bit_rate_is_changed_without_a_keyframe():
    images = list(noise(30))
    async with bridge('sender_id:=cam', 'bitrate:=2000') as there, there.viewer() as viewer:
        with TopicPublisher() as camera:
            count = 0

            def publish():
                nonlocal count
                count += 1
                camera.publish(images[count % len(images)], time.time_ns())

            async def mean_size():
                """Return how many bytes a frame takes, once the rate control has settled."""
                start = len(viewer.encoded) + 15
                await until(lambda: len(viewer.encoded) >= start + 30, publish)
                return np.mean([len(frame.data) for frame in viewer.encoded[start:]])

            large = await mean_size()
            seen = len(viewer.encoded)
            assert await there.set(bitrate=600) == ''
            small = await mean_size()
            assert await there.set(bitrate=4000) == ''
            largest = await mean_size()
            assert not any(frame.keyframe for frame in viewer.encoded[seen:])
            assert await there.set(bitrate=-1)
    assert small < 0.5 * large
    assert largest > 1.5 * large


def h264_of(pattern, profile='baseline'):
    """Yield a camera's access units, a keyframe each half a second, with their stamps."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height, context.pix_fmt = 320, 240, 'yuv420p'
    context.time_base = Fraction(1, 30)
    context.framerate = 30
    context.gop_size = 15
    context.options = {'tune': 'zerolatency', 'profile': profile}
    count = 0
    while True:
        stamp = time.time_ns()
        picture = pattern.draw(stamp)
        picture.pts = count
        count += 1
        for packet in context.encode(picture):
            yield bytes(packet), stamp


class H264Camera:
    """Publishes H.264; what it published is `sent`."""

    def __init__(self, publisher, profile='baseline'):
        self.publisher = publisher
        self.units = h264_of(Pattern(320, 240), profile)
        self.sent = {}

    def publish(self):
        data, stamp = next(self.units)
        self.sent[data] = stamp
        self.publisher.publish_compressed(data, 'h264', stamp)


def nal_units(data):
    return data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')[1:]


async def test_h264_passes_through_without_an_encoder(caplog):
    caplog.set_level('INFO')
    async with bridge('sender_id:=cam', 'topic:=video') as there:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with there.viewer() as viewer:
                await until(lambda: len(viewer.frames) >= 40, camera.publish)
    published = [nal_units(data) for data in camera.sent]
    assert viewer.encoded[0].keyframe
    for frame in viewer.encoded:
        assert nal_units(frame.data) in published
    for stamp, picture in viewer.frames[15:]:
        assert abs(stamp - read_clock(picture[..., 1])) <= MILLISECOND
    assert not any('encoding ' in record.getMessage() for record in caplog.records)
    assert any(
        'H.264 is passed through without transcoding: Constrained Baseline' in record.getMessage()
        for record in caplog.records
    )


async def test_h264_that_viewers_may_not_take_is_transcoded_and_that_is_said(caplog):
    caplog.set_level('INFO')
    async with bridge('sender_id:=cam', 'topic:=video') as there:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher, 'high')
            async with there.viewer() as viewer:
                await until(lambda: len(viewer.frames) >= 20, camera.publish)
    assert read_clock(viewer.frames[-1][1][..., 1]) is not None
    lines = [record.getMessage() for record in caplog.records]
    assert sum('H.264 is transcoded: High' in line for line in lines) == 1


async def test_a_viewer_without_h264_gets_vp8_of_a_camera_that_has_only_h264():
    async with bridge('sender_id:=cam', 'topic:=video', 'codec:=vp8') as there:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with there.viewer() as viewer:
                await until(lambda: len(viewer.frames) >= 20, camera.publish)
    assert {frame.codec for frame in viewer.encoded} == {Codec.VP8}
    assert read_clock(viewer.frames[-1][1][..., 1]) is not None


async def test_h264_and_jpeg_may_take_turns_on_one_topic():
    data = cv2.imencode('.jpg', quarters(320, 240)[..., ::-1])[1].tobytes()
    async with bridge('sender_id:=cam', 'topic:=video') as there:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with there.viewer() as viewer:
                for _ in range(2):
                    seen = len(viewer.frames)
                    await until(
                        lambda seen=seen: any(
                            read_clock(picture[..., 1]) for _, picture in viewer.frames[seen:]
                        ),
                        camera.publish,
                    )
                    picture = await shown(
                        viewer, lambda stamp: publisher.publish_compressed(data, 'jpeg', stamp)
                    )
                    assert wrong_quarters(picture, 'rgb8', 12) == {}
    stamps = [stamp for stamp, _ in viewer.frames]
    assert stamps == sorted(set(stamps))


async def test_two_topics_are_two_senders():
    parameters = ('topics:=[front/image, rear/image]', 'sender_ids:=[front, rear]', 'name:=Rover')
    async with bridge(*parameters) as there:
        with TopicPublisher('front/image') as first, TopicPublisher('rear/image') as second:
            async with there.viewer('front') as front:
                one = image_of('rgb8', (64, 48))
                await shown(front, lambda stamp: first.publish(one, stamp))
                assert second.subscribers == 0
                async with there.viewer('rear') as rear:
                    other = image_of('mono8', (160, 120))
                    picture = await shown(rear, lambda stamp: second.publish(other, stamp))
                    assert picture.shape == (120, 160, 3)
                assert front.receiver.senders == {'front': 'Rover front', 'rear': 'Rover rear'}
            assert '2 topics' in await there.set(topics=['a'])
            assert 'topics' in await there.set(topic='a')
            assert await there.set(topics=['front/image', 'other']) == ''


async def test_whole_program_sends_a_topic(start):
    server = await start('-m', 'webrtc_bridge.nodes.signaling_node', '--ros-args', '-p', 'port:=0')
    port = (await server.wait_for_line('serving on')).rpartition(':')[2].strip()
    url = f'ws://127.0.0.1:{port}'
    words = ('--ros-args', '-p', f'server_url:={url}', '-p', 'sender_id:=cam')
    sender = await start('-m', 'webrtc_bridge.nodes.sender_node', *words)
    viewer = Viewer(url, 'cam')
    async with running(viewer.receiver.run()):
        with TopicPublisher() as camera:
            image = image_of('yuv422', (320, 240))
            picture = await shown(viewer, lambda stamp: camera.publish(image, stamp))
            assert wrong_quarters(picture, 'yuv422', 12) == {}
    for program in (sender, server):
        assert await program.stop() == 0
        assert not any('Traceback' in line for line in program.lines), program.lines


@pytest.mark.parametrize(
    ('parameters', 'said'),
    [
        (['topic:=9x'], "parameter topic: '9x' given, expected a valid ROS topic name"),
        (['topics:=[a, 9x]'], "parameter topic: '9x' given, expected a valid ROS topic name"),
        (['sender_ids:=[a]'], "parameter sender_ids: ('a',) given, expected topics"),
        (['topics:=[a, b]', 'sender_ids:=[a]'], 'parameter sender_ids: '),
        (['topics:=[a, b]', 'sender_ids:=[a, a]'], 'parameter sender_ids: '),
        (['topics:=[a]', 'sender_ids:=["a b"]'], 'parameter sender_ids: '),
        (['topics:=[a]', 'sender_id:=a'], "parameter sender_id: 'a' given"),
        (['depth_near:=5.0', 'depth_far:=4.0'], 'parameter depth_far: 4.0 given, expected more'),
        (['bitrate:=-5'], 'parameter bitrate: -5 given, expected a whole number'),
        (['topi:=a'], 'parameter topi: unknown'),
    ],
)
async def test_parameters_that_cannot_be_used_are_said_in_one_line(start, parameters, said):
    words = [word for one in parameters for word in ('-p', one)]
    program = await start('-m', 'webrtc_bridge.nodes.sender_node', '--ros-args', *words)
    assert await program.ended() == 2, program.lines
    assert program.lines[-1].startswith(f'sender_node: {said}')
