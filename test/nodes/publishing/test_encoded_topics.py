import asyncio
import functools
import itertools
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from importlib.util import find_spec

import av
import numpy as np
import pytest
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from support.ros.collected import Collected, until

from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame
from webrtc_bridge.media.h264.units import nal_units
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.nodes.publishing.camera_topics import CameraTopics
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.options import (
    EncoderOptions,
    ReceiverOptions,
    SenderOptions,
    SignalingOptions,
    SourceOptions,
)
from webrtc_bridge.receiving import idleness
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.receiving.selection import StreamState
from webrtc_bridge.sending.sender import Sender
from webrtc_bridge.signaling.server.server import SignalingServer

ALL = QoSProfile(depth=1000)


def topics_of(node) -> CameraTopics:
    return CameraTopics(node, Parameters(node, ReceiverOptions).options)


@asynccontextmanager
async def running(work) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def receiving(topics: CameraTopics, codec: str = 'h264') -> AsyncIterator[Receiver]:
    """Have `topics` publish what a camera sends, through a server and a session."""
    frames: Latest[CapturedFrame] = Latest()
    source = Camera(SourceOptions(source='test', width=322, height=242), frames)
    source.open()
    try:
        async with SignalingServer(SignalingOptions(port=0)) as server:
            options = EncoderOptions(codec=codec)
            sender = Sender(SenderOptions(server.url, 'front'), options, frames, 30.0)
            receiver = Receiver(ReceiverOptions(server.url, 'front'), topics)
            async with running(sender.run()), running(receiver.run()):
                yield receiver
    finally:
        source.close()


def pictures_of(messages: list[CompressedImage]) -> list[list[np.ndarray]]:
    """Return the luma of each message's pictures."""
    decoder = av.CodecContext.create('h264', 'r')
    decoder.flags |= av.codec.context.Flags.low_delay
    return [
        [picture.to_ndarray(format='gray') for picture in decoder.decode(av.Packet(bytes(m.data)))]
        for m in messages
    ]


async def test_h264_can_be_decoded_from_the_first_message_on_and_nothing_is_decoded_here(
    make_node,
):
    node = make_node('a_node', 'frame_id:=lens')
    topics = topics_of(node)

    async def work():
        async with receiving(topics) as receiver:
            await until(lambda: receiver.state is StreamState.RECEIVING)
            videos = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            await until(lambda: len(videos.messages) >= 20)
            pictures = pictures_of(videos.messages)
            assert [len(each) for each in pictures] == [1] * len(pictures)
            assert pictures[0][0].shape == (242, 322)
            clocks = [read_clock(each[0]) for each in pictures]
            assert None not in clocks
            # The stamps are the times that the pictures show.
            for clock, stamp in zip(clocks, videos.stamps, strict=False):
                assert stamp == pytest.approx(clock, abs=20e6)
            assert all(a < b for a, b in itertools.pairwise(videos.stamps))
            assert {(m.format, m.header.frame_id) for m in videos.messages} == {('h264', 'lens')}
            # Decoding would have shown the size.
            report = await receiver.report()
            assert (report.state, report.width) == ('receiving', 0)

    await while_spinning(node, work())


async def test_a_late_subscriber_gets_a_keyframe_too(make_node):
    node = make_node()
    topics = topics_of(node)

    async def work():
        async with receiving(topics):
            first = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            await until(lambda: len(first.messages) >= 5)
            second = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            await until(lambda: any(pictures_of(second.messages)))
            # And for the first one the video goes on without a flaw.
            await first.wait_for_more(5)
            assert all(pictures_of(first.messages))

    await while_spinning(node, work())


async def test_a_bag_can_be_played_from_the_middle(make_node):
    """The middle is what comes between two keyframes, of which nobody asked for the second."""
    node = make_node('a_node', 'keyframe_interval:=0.4')
    topics = topics_of(node)

    async def work():
        async with receiving(topics):
            bag = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            await until(lambda: sum(map(is_keyframe, bag.messages)) >= 4)
            keyframes = [n for n, message in enumerate(bag.messages) if is_keyframe(message)]
            times = [bag.stamps[n] / 1e9 for n in keyframes]
            assert all(b - a < 2 for a, b in itertools.pairwise(times[1:]))
            # A decoder refuses what it lacks the beginning of.
            middle = bag.messages[keyframes[1] + 1 :]
            with pytest.raises(av.InvalidDataError):
                pictures_of(middle)
            assert all(pictures_of(bag.messages[keyframes[2] :]))

    await while_spinning(node, work())


def is_keyframe(message: CompressedImage) -> bool:
    """Return whether there is an IDR slice (ITU-T H.264, table 7-1)."""
    return any(unit[0] & 0x1F == 5 for unit in nal_units(bytes(message.data)))


async def test_camera_info_alone_comes_with_every_frame_and_nothing_is_decoded(make_node):
    node = make_node()
    topics = topics_of(node)

    async def work():
        async with receiving(topics) as receiver:
            infos = Collected(node, CameraInfo, 'camera_info', ALL)
            messages = await infos.wait_for_more(20)
            assert {(info.width, info.height) for info in messages} == {(322, 242)}
            assert all(a < b for a, b in itertools.pairwise(infos.stamps))
            assert (await receiver.report()).width == 0
            # With the first image it goes over to the pictures' thread, and every image has one.
            images = Collected(node, Image, 'image_raw', ALL)
            await until(lambda: len(images.messages) >= 10)
            newest = images.stamps[9]
            await until(lambda: infos.stamps[-1] >= newest)
            assert set(images.stamps[:10]) <= set(infos.stamps)
            assert all(a < b for a, b in itertools.pairwise(infos.stamps))
            images.stop()
            await infos.wait_for_more(20)
            assert all(a < b for a, b in itertools.pairwise(infos.stamps))

    await while_spinning(node, work())


async def test_of_vp8_only_the_camera_info_is_published_and_the_reason_logged_once(
    make_node, caplog
):
    node = make_node()
    topics = topics_of(node)

    async def work():
        async with receiving(topics, 'vp8'):
            videos = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            infos = Collected(node, CameraInfo, 'camera_info', ALL)
            messages = await infos.wait_for_more(10)
            assert {(info.width, info.height) for info in messages} == {(322, 242)}
            assert not videos.messages

    with caplog.at_level(logging.WARNING):
        await while_spinning(node, work())
    logged = [record.message for record in caplog.records if 'carry H.264' in record.message]
    assert len(logged) == 1
    assert 'VP8' in logged[0]


async def test_frames_are_wanted_only_while_somebody_subscribes(make_node):
    node = make_node()
    topics = topics_of(node)
    assert not topics.wants_frames()
    videos = Collected(node, CompressedImage, 'image_raw/h264')

    async def work():
        # Once not, so that the delivery starts with a keyframe, and then always.
        await until(topics._encoded.notice_newcomers)
        assert topics.wants_frames()
        assert not topics.wants_pictures()
        videos.stop()
        await until(lambda: not topics.wants_frames())

    await while_spinning(node, work())


@functools.cache
def keyframe() -> EncodedFrame:
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height, context.pix_fmt = 64, 48, 'yuv420p'
    context.time_base = Fraction(1, 30)
    context.options = {'tune': 'zerolatency'}
    (packet,) = context.encode(av.VideoFrame(64, 48, 'yuv420p'))
    return EncodedFrame(Codec.H264, bytes(packet), True, 0, 0)


async def published(node, kind, topic) -> object:
    """Return what comes on `topic` for a keyframe that is stamped with 5.000000006 s."""
    topics = topics_of(node)
    collected = Collected(node, kind, topic)
    received: list[object] = []

    async def work():
        await until(topics.wants_frames)
        topics.on_frame(keyframe(), 5_000_000_006, 'cam')
        await until(lambda: collected.messages)
        received.append(collected.messages[0])

    await while_spinning(node, work())
    return received[0]


async def test_a_message_carries_the_frame_as_it_came(make_node):
    message = await published(make_node(), CompressedImage, 'image_raw/h264')
    assert bytes(message.data) == keyframe().data
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (5, 6)


@pytest.mark.skipif(not find_spec('foxglove_msgs'), reason='needs foxglove_msgs')
async def test_foxglove_gets_a_compressed_video(make_node):
    from foxglove_msgs.msg import CompressedVideo

    message = await published(make_node(), CompressedVideo, 'image_raw/foxglove')
    assert (message.format, message.frame_id) == ('h264', 'camera_optical_frame')
    assert (message.timestamp.sec, message.timestamp.nanosec) == (5, 6)
    assert bytes(message.data) == keyframe().data


@pytest.mark.skipif(
    not find_spec('ffmpeg_image_transport_msgs'), reason='needs ffmpeg_image_transport_msgs'
)
async def test_ffmpeg_image_transport_gets_a_packet(make_node):
    from ffmpeg_image_transport_msgs.msg import FFMPEGPacket

    message = await published(make_node(), FFMPEGPacket, 'image_raw/ffmpeg')
    assert (message.encoding, message.flags, message.width, message.height) == ('h264', 1, 64, 48)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (5, 6)
    assert bytes(message.data) == keyframe().data


def test_an_unusable_message_package_costs_only_its_own_topic(
    make_node, tmp_path, monkeypatch, caplog
):
    folder = tmp_path / 'foxglove_msgs'
    folder.mkdir()
    (folder / '__init__.py').touch()
    (folder / 'msg.py').write_text('class CompressedVideo:\n    pass\n')
    for module in ('foxglove_msgs', 'foxglove_msgs.msg'):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    node = make_node()
    topics_of(node)
    for module in ('foxglove_msgs', 'foxglove_msgs.msg'):
        monkeypatch.delitem(sys.modules, module)
    assert node.count_publishers('image_raw/h264') == 1
    assert 'no topic /image_raw/foxglove: ' in caplog.text


async def test_a_frame_has_the_same_stamp_on_all_topics(make_node):
    node = make_node()
    topics = topics_of(node)

    async def work():
        async with receiving(topics):
            videos = Collected(node, CompressedImage, 'image_raw/h264', ALL)
            await videos.wait_for_more(1)
            images = Collected(node, Image, 'image_raw', ALL)
            jpegs = Collected(node, CompressedImage, 'image_raw/compressed', ALL)
            infos = Collected(node, CameraInfo, 'camera_info', ALL)
            await until(lambda: min(len(each.messages) for each in (images, jpegs, infos)) >= 60)
            topics_stamps = [set(each.stamps) for each in (images, jpegs, infos, videos)]
            assert len(set.intersection(*topics_stamps)) > 30
            # A busy machine may lose a message of one topic, but no frame has two stamps: frames
            # are 33 ms apart, or, where the camera was late, on the same topic.
            stamps = sorted(set.union(*topics_stamps))
            for stamp, after in itertools.pairwise(stamps):
                are_two_frames = any({stamp, after} <= one_topic for one_topic in topics_stamps)
                assert after - stamp > 10_000_000 or are_two_frames

    await while_spinning(node, work())


@pytest.mark.parametrize(
    ('message_type', 'name'),
    [(Image, 'image_raw'), (CompressedImage, 'image_raw/h264'), (CameraInfo, 'camera_info')],
)
async def test_the_sender_is_asked_for_nothing_until_somebody_subscribes(
    make_node, monkeypatch, caplog, message_type, name
):
    monkeypatch.setattr(idleness, 'IDLE_AFTER', 0.3)
    caplog.set_level(logging.INFO)
    node = make_node()
    topics = topics_of(node)

    async def work():
        async with receiving(topics):
            await until(lambda: 'wants no video for now' in caplog.text)
            messages = Collected(node, message_type, name, ALL)
            await messages.wait_for_more(5)
            assert caplog.text.count('wants video again') == 1
            assert 'stale' not in caplog.text

    await while_spinning(node, work())
