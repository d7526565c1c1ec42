"""A topic of H.264, passed through or transcoded."""

import time
from fractions import Fraction

import av
import cv2
from sensor_msgs.msg import CompressedImage
from support.media.raw_images import quarters, wrong_quarters
from support.ros.sending_node import MILLISECOND, picture_of, sending_node, until
from support.ros.topic_publisher import TopicPublisher

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.frames import Codec


def h264_of(pattern, profile='baseline'):
    """Yield a camera's access units, a keyframe each half a second, with their stamps."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height, context.pix_fmt = 320, 240, 'yuv420p'
    context.time_base = Fraction(1, 30)
    context.framerate = 30
    context.gop_size = 6
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
    async with sending_node('sender_id:=cam', 'topic:=video') as node:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with node.viewer() as viewer:
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


async def test_h264_of_an_unsuitable_profile_is_transcoded_and_logged(caplog):
    caplog.set_level('INFO')
    async with sending_node('sender_id:=cam', 'topic:=video') as node:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher, 'high')
            async with node.viewer() as viewer:
                await until(lambda: len(viewer.frames) >= 20, camera.publish)
    assert read_clock(viewer.frames[-1][1][..., 1]) is not None
    lines = [record.getMessage() for record in caplog.records]
    assert sum('H.264 is transcoded: High' in line for line in lines) == 1


async def test_a_viewer_without_h264_gets_vp8_of_a_camera_that_has_only_h264():
    async with sending_node('sender_id:=cam', 'topic:=video', 'codec:=vp8') as node:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with node.viewer() as viewer:
                await until(lambda: len(viewer.frames) >= 20, camera.publish)
    assert {frame.codec for frame in viewer.encoded} == {Codec.VP8}
    assert read_clock(viewer.frames[-1][1][..., 1]) is not None


async def test_h264_and_jpeg_may_take_turns_on_one_topic():
    data = cv2.imencode('.jpg', quarters(320, 240)[..., ::-1])[1].tobytes()
    async with sending_node('sender_id:=cam', 'topic:=video') as node:
        with TopicPublisher('video', CompressedImage) as publisher:
            camera = H264Camera(publisher)
            async with node.viewer() as viewer:
                for _ in range(2):
                    seen = len(viewer.frames)
                    await until(
                        lambda seen=seen: any(
                            read_clock(picture[..., 1]) for _, picture in viewer.frames[seen:]
                        ),
                        camera.publish,
                    )
                    picture = await picture_of(
                        viewer, lambda stamp: publisher.publish_compressed(data, 'jpeg', stamp)
                    )
                    assert wrong_quarters(picture, 'rgb8', 12) == {}
    stamps = [stamp for stamp, _ in viewer.frames]
    assert stamps == sorted(set(stamps))
