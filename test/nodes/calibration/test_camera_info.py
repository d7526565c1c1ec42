import asyncio
import logging
from pathlib import Path

import av
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs.srv import SetCameraInfo
from support.ros.calibrations import FULL, WRITTEN_BY_CAMERA_CALIBRATION
from support.ros.collected import Collected, stamp_of, until

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.nodes.calibration.calibration_file import load
from webrtc_bridge.nodes.calibration.camera_info import mapping_from_message
from webrtc_bridge.nodes.publishing.camera_info_publisher import Way
from webrtc_bridge.nodes.publishing.camera_topics import CameraTopics
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.nodes.ros.stamps import header
from webrtc_bridge.options import ReceiverOptions


def topics_of(node) -> CameraTopics:
    parameters = Parameters(node, ReceiverOptions)
    topics = CameraTopics(node, parameters.options)
    parameters.refuse_unknown(topics.parameters)
    return topics


def frame(
    stamp_ns: int, width: int = 640, height: int = 480, sender_id: str = 'front'
) -> ReceivedFrame:
    return ReceivedFrame(av.VideoFrame(width, height, 'yuv420p'), stamp_ns, sender_id)


async def info_for(topics, infos, stamp_ns, width=640, height=480) -> CameraInfo:
    await until(lambda: topics._info.subscribed)
    coming = asyncio.ensure_future(infos.wait_for_more())
    await asyncio.sleep(0)
    topics.on_picture(frame(stamp_ns, width, height))
    (info,) = await coming
    assert stamp_of(info) == stamp_ns
    return info


@pytest.fixture
def url(tmp_path: Path) -> str:
    path = tmp_path / 'front.yaml'
    path.write_text(WRITTEN_BY_CAMERA_CALIBRATION)
    return f'file://{path}'


async def test_without_a_calibration_size_and_zeros_are_published(make_node):
    node = make_node()
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        info = await info_for(topics, infos, 1, 320, 240)
        assert (info.width, info.height) == (320, 240)
        assert not any([*info.k, *info.r, *info.p, *info.d])

    await while_spinning(node, work())


async def test_every_image_has_a_camera_info_with_the_identical_header(make_node, url):
    node = make_node('a_node', f'camera_info_url:={url}', 'frame_id:=lens')
    topics = topics_of(node)
    collected = [
        Collected(node, Image, 'image_raw'),
        Collected(node, CompressedImage, 'image_raw/compressed'),
        Collected(node, CameraInfo, 'camera_info'),
    ]

    async def work():
        await until(
            lambda: (
                topics._images._raw.subscribed
                and topics._images._compressed.subscribed
                and topics._info.subscribed
            )
        )
        stamps = [1_700_000_000_123_456_789 + i for i in range(5)]
        for stamp in stamps:
            topics.on_picture(frame(stamp))
        await until(lambda: all(len(each.messages) == 5 for each in collected))
        for each in collected:
            assert each.stamps == stamps
            assert {message.header.frame_id for message in each.messages} == {'lens'}

    await while_spinning(node, work())


async def test_the_files_calibration_is_published_scaled_to_the_pictures(make_node, url):
    node = make_node('a_node', f'camera_info_url:={url}')
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        whole = await info_for(topics, infos, 1)
        assert (whole.width, whole.height, whole.distortion_model) == (640, 480, 'plumb_bob')
        assert list(whole.d) == [-0.3614, 0.1101, 1e-05, 0.000562, 0.0]
        half = await info_for(topics, infos, 2, 320, 240)
        assert (half.width, half.height) == (320, 240)
        assert np.allclose(half.k[:6], whole.k[:6] / 2)
        assert np.allclose(half.p[:8], whole.p[:8] / 2)
        assert list(half.d) == list(whole.d)
        again = await info_for(topics, infos, 3)
        assert list(again.k) == list(whole.k)

    await while_spinning(node, work())


async def test_another_shape_than_the_calibrations_is_logged_once(make_node, url, caplog):
    node = make_node('a_node', f'camera_info_url:={url}')
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        for stamp, size in enumerate([(640, 480), (640, 360), (1280, 720), (640, 360)], 1):
            await info_for(topics, infos, stamp, *size)

    with caplog.at_level(logging.WARNING):
        await while_spinning(node, work())
    (record,) = [record for record in caplog.records if 'calibration' in record.message]
    assert record.levelno == logging.WARNING
    assert '640x480' in record.message


async def called(node, client, info: CameraInfo) -> SetCameraInfo.Response:
    await until(client.service_is_ready)
    reply = client.call_async(SetCameraInfo.Request(camera_info=info))
    await until(reply.done)
    return reply.result()


def new_calibration(**fields) -> CameraInfo:
    message = CameraInfo(**{**{name: FULL[name] for name in ('width', 'height')}, **fields})
    message.distortion_model = 'plumb_bob'
    message.d = [0.1]
    for name in ('k', 'r', 'p'):
        setattr(message, name, [float(value) for value in FULL[name]])
    return message


async def test_set_camera_info_takes_effect_at_once_and_is_saved(make_node, url, tmp_path):
    node = make_node('a_node', f'camera_info_url:={url}')
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        response = await called(node, client, new_calibration())
        assert response.success
        assert str(tmp_path) in response.status_message
        assert list((await info_for(topics, infos, 1)).k[:3]) == [400.0, 0.0, 320.0]

    await while_spinning(node, work())
    saved = load(url)
    assert (saved.width, saved.k[0], saved.camera_name) == (1280, 800.0, 'narrow_stereo')


async def test_without_a_url_the_calibration_set_lasts_as_long_as_the_node(make_node):
    node = make_node()
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        response = await called(node, client, new_calibration())
        assert response.success
        assert 'until the node ends' in response.status_message
        assert (await info_for(topics, infos, 1)).k[0] == 400.0

    await while_spinning(node, work())


async def test_a_first_calibration_makes_the_file_named_after_the_sender(make_node, tmp_path):
    node = make_node(
        'a_node', f'camera_info_url:=file://{tmp_path}/${{NAME}}.yaml', 'sender_id:=front-1'
    )
    topics_of(node)
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        assert (await called(node, client, new_calibration())).success

    await while_spinning(node, work())
    assert load(f'file://{tmp_path}/front_1.yaml').camera_name == 'front_1'


async def test_a_switch_changes_calibration_and_frame_with_the_first_image(make_node, tmp_path):
    for name, fx in (('front', 100), ('rear', 200)):
        text = WRITTEN_BY_CAMERA_CALIBRATION.replace('438.76', str(fx))
        (tmp_path / f'{name}.yaml').write_text(text)
    node = make_node(
        'a_node',
        f'camera_info_url:=file://{tmp_path}/${{NAME}}.yaml',
        'sender_id:=front',
        'frame_id:=${NAME}_lens',
    )
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')
    images = Collected(node, Image, 'image_raw')
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        await until(lambda: topics._info.subscribed and topics._images._raw.subscribed)
        for stamp, sender_id in enumerate(('front', 'rear', 'rear', 'front', 'rear'), 1):
            topics.on_picture(frame(stamp, sender_id=sender_id))
        await until(lambda: len(infos.messages) == len(images.messages) == 5)
        frames = ['front_lens', 'rear_lens', 'rear_lens', 'front_lens', 'rear_lens']
        for each in (infos, images):
            assert [message.header.frame_id for message in each.messages] == frames
        assert [info.k[0] for info in infos.messages] == [100, 200, 200, 100, 200]
        response = await called(node, client, new_calibration())
        assert response.status_message == f'saved to {tmp_path}/rear.yaml'

    await while_spinning(node, work())
    assert load(f'file://{tmp_path}/front.yaml').k[0] == 100
    assert load(f'file://{tmp_path}/rear.yaml').k[0] == 800


async def test_a_switch_that_nobody_subscribes_to_changes_the_file_too(make_node, tmp_path):
    url = f'camera_info_url:=file://{tmp_path}/${{NAME}}.yaml'
    node = make_node('a_node', url, 'sender_id:=front')
    topics = topics_of(node)
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        topics.on_sender('rear')
        response = await called(node, client, new_calibration())
        assert response.status_message == f'saved to {tmp_path}/rear.yaml'

    await while_spinning(node, work())
    assert not (tmp_path / 'front.yaml').exists()


async def test_a_calibration_that_cannot_be_saved_is_used_and_reported(make_node, tmp_path):
    folder = tmp_path / 'gone'
    folder.mkdir()
    node = make_node('a_node', f'camera_info_url:=file://{folder}/front.yaml')
    topics = topics_of(node)
    folder.rmdir()
    infos = Collected(node, CameraInfo, 'camera_info')
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        response = await called(node, client, new_calibration())
        assert not response.success
        assert 'not saved: camera_info_url' in response.status_message
        assert (await info_for(topics, infos, 1)).k[0] == 400.0

    await while_spinning(node, work())


async def test_an_invalid_calibration_is_refused_by_field(make_node, url):
    node = make_node('a_node', f'camera_info_url:={url}')
    topics_of(node)
    client = node.create_client(SetCameraInfo, 'set_camera_info')

    async def work():
        response = await called(node, client, new_calibration(width=0))
        assert not response.success
        assert response.status_message.startswith('width, height: (0, 960) given')

    await while_spinning(node, work())
    assert load(url).camera_name == 'narrow_stereo'


@pytest.mark.parametrize(('with_file', 'expected'), [(False, 800.0), (True, 2 * 438.76)])
async def test_the_senders_calibration_is_used_if_the_node_has_none(
    make_node, url, with_file, expected
):
    node = make_node('a_node', *[f'camera_info_url:={url}'] * with_file)
    topics = topics_of(node)
    topics.on_metadata({'camera_info': FULL}, 'front')
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        assert (await info_for(topics, infos, 1, 1280, 960)).k[0] == expected

    await while_spinning(node, work())


async def test_a_senders_camera_info_goes_through_unchanged_and_away_again(make_node):
    node = make_node()
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')
    sent = new_calibration(binning_x=2, binning_y=2)
    sent.roi.x_offset = 4
    sent.roi.width, sent.roi.height = 640, 480

    async def work():
        topics.on_metadata({'camera_info': mapping_from_message(sent)}, 'front')
        received = await info_for(topics, infos, 1, 320, 240)
        assert mapping_from_message(received) == mapping_from_message(sent)
        topics.on_metadata({'camera_info': {'k': 'nonsense'}}, 'front')
        assert (await info_for(topics, infos, 2, 320, 240)).k[0] == 0.0
        topics.on_metadata({'camera_info': None}, 'front')
        assert (await info_for(topics, infos, 3, 320, 240)).k[0] == 0.0

    await while_spinning(node, work())


async def test_an_older_picture_gets_no_camera_info_after_a_newer_one(make_node):
    node = make_node()
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        await until(lambda: topics._info.subscribed)
        topics._info.publish(header('lens', 5), (640, 480), 'front', Way.ENCODED)
        await until(lambda: infos.messages)
        topics.on_picture(frame(4))
        topics.on_picture(frame(5))
        await info_for(topics, infos, 6)
        assert infos.stamps == [5, 6]

    await while_spinning(node, work())


async def test_stamps_that_repeat_or_go_back_stop_no_camera_info(make_node):
    """As those of a simulated clock that is paused, or of a recording that starts again."""
    node = make_node('a_node', 'stamp:=sender')
    topics = topics_of(node)
    infos = Collected(node, CameraInfo, 'camera_info')

    async def work():
        for stamp in (7_000_000_000, 7_000_000_000, 6_999_999_999, 3, 4):
            await info_for(topics, infos, stamp)

    await while_spinning(node, work())


@pytest.mark.parametrize(
    ('arguments', 'names'),
    [
        ((), ('/image_raw', '/camera_info')),
        (('-p', 'topic:=cam/image_raw'), ('/cam/image_raw', '/cam/camera_info')),
        (('-p', 'topic:=/cam/image'), ('/cam/image', '/cam/camera_info')),
        (('-r', '__ns:=/front'), ('/front/image_raw', '/front/camera_info')),
        (('-r', 'image_raw:=/rear/image'), ('/rear/image', '/rear/camera_info')),
        (('-r', 'camera_info:=lens'), ('/image_raw', '/lens')),
        (
            ('-r', '__ns:=/front', '-r', 'camera_info:=lens', '-r', 'image_raw:=/rear/image'),
            ('/rear/image', '/front/lens'),
        ),
    ],
)
def test_the_other_topics_follow_the_image_topic_unless_remapped_themselves(arguments, names):
    from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised

    with initialised(['--ros-args', *arguments]), created_node('a_node') as node:
        topics_of(node)
        found = dict(node.get_publisher_names_and_types_by_node('a_node', node.get_namespace()))
        image, info = names
        namespace = image.rpartition('/')[0]
        for name, kind in {
            image: 'Image',
            info: 'CameraInfo',
            f'{image}/compressed': 'CompressedImage',
            f'{image}/h264': 'CompressedImage',
        }.items():
            assert found.get(name) == [f'sensor_msgs/msg/{kind}'], found
        services = dict(node.get_service_names_and_types_by_node('a_node', node.get_namespace()))
        assert f'{namespace}/set_camera_info' in services


@pytest.mark.parametrize('topic', ['camera_info', 'image_raw/compressed', 'image_raw/h264'])
def test_each_topic_has_its_qos_overrides(make_node, topic):
    node = make_node('a_node', f'qos_overrides./{topic}.publisher.reliability:=best_effort')
    topics_of(node)
    (info,) = node.get_publishers_info_by_topic(f'/{topic}')
    assert info.qos_profile.reliability.name == 'BEST_EFFORT'


def test_a_file_that_is_not_a_calibration_is_refused_when_the_node_starts(make_node, tmp_path):
    (tmp_path / 'front.yaml').write_text('image_width: 640')
    node = make_node('a_node', f'camera_info_url:=file://{tmp_path}/front.yaml')
    with pytest.raises(OptionError, match='image_height: an entry'):
        topics_of(node)


@pytest.mark.parametrize('url', ['front.yaml', 'http://x/front.yaml', 'package://front.yaml'])
def test_a_url_of_another_kind_is_refused(make_node, url):
    node = make_node('a_node', f'camera_info_url:={url}')
    with pytest.raises(OptionError, match=r'expected file:///path/to.yaml or package://'):
        topics_of(node)


async def test_the_node_reports_an_invalid_calibration_in_one_line(start):
    parameter = 'camera_info_url:=file:///no/such/folder/front.yaml'
    program = await start(
        *('-m', 'webrtc_bridge.nodes.receiver_node', '--ros-args', '-p', parameter)
    )
    assert await program.ended() == 2, program.lines
    assert 'parameter camera_info_url: ' in program.lines[-1]
    assert program.lines[-1].endswith('expected a file in an existing folder')
    assert not any('Traceback' in line for line in program.lines)
