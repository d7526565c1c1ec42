import asyncio
import io

import av
import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from support.media.decoded_pictures import RGB, YUV, gradient, plain
from support.ros.collected import Collected, until

from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.nodes.publishing.camera_topics import CameraTopics
from webrtc_bridge.nodes.publishing.compressed_images import to_jpeg
from webrtc_bridge.nodes.publishing.image_converter import ImageConverter
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.options import ReceiverOptions

HEADER = Header(frame_id='lens')


def jpeg_of(picture: av.VideoFrame, encoding: str, quality: int = 90) -> CompressedImage:
    return to_jpeg(ImageConverter(encoding).to_message(picture, HEADER), quality)


def decoded(message: CompressedImage) -> np.ndarray:
    """Return blue, green and red as image_transport's subscriber, OpenCV, sees them."""
    return cv2.imdecode(np.frombuffer(bytes(message._data), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize('colour', YUV)
@pytest.mark.parametrize('encoding', ['bgr8', 'rgb8', 'nv12'])
def test_colours_arrive_right(encoding, colour):
    pixels = decoded(jpeg_of(plain(YUV[colour]), encoding))
    assert np.abs(pixels.astype(int) - RGB[colour][::-1]).max() <= 5


@pytest.mark.parametrize('encoding', ['bgr8', 'mono8'])
@pytest.mark.parametrize(('luma', 'level'), [(16, 0), (126, 128), (235, 255)])
def test_gray_levels_have_the_full_range(encoding, luma, level):
    pixels = decoded(jpeg_of(plain((luma, 128, 128)), encoding))
    assert np.abs(pixels.astype(int) - level).max() <= 1


def test_another_decoder_sees_the_same_colours():
    message = jpeg_of(plain(YUV['red']), 'bgr8')
    with av.open(io.BytesIO(bytes(message._data))) as file:
        pixels = next(file.decode(video=0)).to_ndarray(format='rgb24')
    assert np.abs(pixels.astype(int) - RGB['red']).max() <= 5


@pytest.mark.parametrize('size', [(424, 240), (641, 481), (1366, 768)])
@pytest.mark.parametrize('encoding', ['bgr8', 'rgb8'])
def test_pictures_of_any_width_are_whole(encoding, size):
    picture = gradient(*size)
    pixels = decoded(jpeg_of(picture, encoding, 100))
    assert pixels.shape == (size[1], size[0], 3)
    assert np.abs(pixels.astype(int) - picture.to_ndarray(format='bgr24')).mean() < 2


def test_a_picture_of_odd_size_in_nv12_is_whole_but_for_its_last_lines():
    picture = gradient(641, 481)
    pixels = decoded(jpeg_of(picture, 'nv12', 100))
    assert pixels.shape == (480, 640, 3)
    wanted = picture.to_ndarray(format='bgr24')[:480, :640]
    assert np.abs(pixels.astype(int) - wanted).mean() < 3


@pytest.mark.parametrize(
    ('encoding', 'wanted', 'channels'),
    [
        ('bgr8', 'bgr8; jpeg compressed bgr8', 3),
        ('rgb8', 'rgb8; jpeg compressed bgr8', 3),
        ('mono8', 'mono8; jpeg compressed ', 1),
        ('nv12', 'bgr8; jpeg compressed bgr8', 3),
    ],
)
def test_the_format_is_that_of_image_transport(encoding, wanted, channels):
    message = jpeg_of(plain(YUV['red']), encoding)
    assert message.format == wanted
    assert decoded(message).reshape(48, 64, -1).shape[2] == channels


def test_a_higher_quality_is_more_bytes():
    sizes = [len(jpeg_of(gradient(320, 240), 'bgr8', quality)._data) for quality in (1, 50, 100)]
    assert sizes == sorted(set(sizes))


async def test_the_quality_can_be_changed_while_the_node_runs(make_node):
    node = make_node('a_node', 'jpeg_quality:=100')
    parameters = Parameters(node, ReceiverOptions)
    topics = CameraTopics(node, parameters.options)
    parameters.on_change(topics.change)
    images = Collected(node, CompressedImage, 'image_raw/compressed')
    frame = gradient(320, 240)

    async def size(stamp: int) -> int:
        coming = asyncio.ensure_future(images.wait_for_more())
        await asyncio.sleep(0)
        topics.on_picture(ReceivedFrame(frame, stamp, 'front'))
        (message,) = await coming
        return len(message.data)

    async def work():
        await until(topics.wants_pictures)
        fine = await size(1)
        (result,) = node.set_parameters([node_parameter('jpeg_quality', 5)])
        assert result.successful
        await until(lambda: topics._images.jpeg_quality == 5)
        assert await size(2) < fine / 2
        (result,) = node.set_parameters([node_parameter('jpeg_quality', 101)])
        assert not result.successful

    await while_spinning(node, work())


def node_parameter(name: str, value: int):
    from rclpy.parameter import Parameter

    return Parameter(name, value=value)


async def test_pictures_are_wanted_while_a_compressed_one_is_and_no_longer(make_node):
    node = make_node()
    topics = CameraTopics(node, Parameters(node, ReceiverOptions).options)
    assert not topics.wants_pictures()
    images = Collected(node, CompressedImage, 'image_raw/compressed')

    async def work():
        await until(topics.wants_pictures)
        assert not topics.wants_frames()
        images.stop()
        await until(lambda: not topics.wants_pictures())

    await while_spinning(node, work())


def test_nothing_is_converted_while_nobody_subscribes(make_node):
    node = make_node()
    topics = CameraTopics(node, Parameters(node, ReceiverOptions).options)
    topics._images.publish(None, HEADER)
