import array
import time

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from support.media.raw_images import image_of, wrong_quarters

from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.raw_image import ImageError
from webrtc_bridge.nodes.subscribing.image_frames import ImageFrames
from webrtc_bridge.nodes.subscribing.picture_converter import PictureConverter, capture_ns, is_h264


def stamped(sec, nanosec=0):
    return Image(header=Header(stamp=Time(sec=sec, nanosec=nanosec)))


def test_the_stamp_is_the_time_of_capture():
    assert capture_ns(stamped(1_700_000_000, 123)) == 1_700_000_000_000_000_123
    assert capture_ns(stamped(0, 5)) == 5  # of a simulation that has just begun


@pytest.mark.parametrize('stamp', [(0, 0), (-5, 0), (2**31 - 1, 0)])
def test_a_stamp_that_cannot_be_is_taken_for_now(stamp):
    before = time.time_ns()
    assert before <= capture_ns(stamped(*stamp)) <= time.time_ns()


@pytest.mark.parametrize(
    ('form', 'is_one'),
    [('h264', True), ('H264', True), ('h264; baseline', True), ('jpeg', False), ('', False)],
)
def test_h264_is_told_by_the_format(form, is_one):
    assert is_h264(CompressedImage(format=form)) is is_one


def message_of(image):
    data = array.array('B', bytes(image.data))
    size = {'width': image.width, 'height': image.height, 'step': image.step}
    return Image(encoding=image.encoding, data=data, **size)


def test_an_encoding_that_nobody_knows_is_refused_with_or_without_cv_bridge():
    message = Image(encoding='xyz', width=8, height=8, step=8, data=bytes(64))
    with pytest.raises(ImageError, match="encoding 'xyz', expected one"):
        PictureConverter(DepthRange(1, 2)).picture(message)


@pytest.mark.parametrize('data', [b'', b'nonsense', b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff\xe0' * 9])
def test_a_compressed_image_that_is_none_is_refused(data):
    message = CompressedImage(format='jpeg', data=data)
    with pytest.raises(ImageError, match="format 'jpeg', expected a whole jpeg or png"):
        PictureConverter(DepthRange(1, 2)).picture(message)


@pytest.fixture
def frames():
    frames = ImageFrames('/cam', DepthRange(1, 2))
    yield frames
    frames.close()


def test_the_newest_image_is_converted_when_it_is_taken(frames):
    for number in range(3):
        message = message_of(image_of('rgb8', (64 + 2 * number, 48)))
        message.header.stamp.sec = number + 1
        frames.put(message)
    frame = frames.get(timeout=0)
    assert frame.capture_ns == 3_000_000_000
    assert frame.picture.width == 68
    assert wrong_quarters(frame.picture.to_ndarray(format='rgb24'), 'rgb8') == {}
    assert frames.dropped == 2
    assert frames.get(timeout=0) is None


def test_the_pixels_are_not_copied_before_they_are_converted():
    message = message_of(image_of('bgr8', (64, 48)))
    pictures = PictureConverter(DepthRange(1, 2))
    assert np.shares_memory(np.frombuffer(message.data, np.uint8), pictures.raw(message).rows(3))


def test_an_image_that_cannot_be_shown_is_told_of_once_for_each_encoding(frames, caplog):
    for encoding in ('rgb8', 'xyz', 'rgb8', 'xyz'):
        frames.put(Image(encoding=encoding, width=8, height=8, step=24, data=bytes(9)))
        assert frames.get(timeout=0) is None
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("/cam: an image cannot be shown ('rgb8'): 9 bytes of data for 8x8")
    frames.begin('/other')
    frames.put(Image(encoding='xyz', width=8, height=8, step=8, data=bytes(64)))
    frames.get(timeout=0)
    assert '/other: an image cannot be shown' in caplog.text


def test_no_more_than_a_few_lines_are_logged_whatever_comes(frames, caplog):
    for number in range(100):
        frames.put(Image(encoding=f'bad\n{number}', width=8, height=8, step=8))
        frames.get(timeout=0)
    assert 1 < len(caplog.records) <= 10
    assert not any('\n' in record.getMessage() for record in caplog.records)


def test_closed_it_gives_and_takes_nothing(frames):
    frames.close()
    frames.put(stamped(1))
    assert frames.get() is None
    assert frames.closed
