"""The newest image of a topic, as the encoder gets it."""

import pytest
from rclpy.clock import ROSClock
from sensor_msgs.msg import Image
from support.media.raw_images import image_of, wrong_quarters
from support.ros.topic_publisher import message_of

from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.nodes.ros.stamps import source_header
from webrtc_bridge.nodes.subscribing.image_frames import ImageFrames


def put(frames, message):
    frames.put(message, source_header(message.header, ROSClock()))


@pytest.fixture
def frames():
    frames = ImageFrames('/cam', DepthRange(1, 2))
    yield frames
    frames.close()


def test_the_newest_image_is_converted_when_it_is_taken(frames):
    for number in range(3):
        message = message_of(image_of('rgb8', (64 + 2 * number, 48)))
        message.header.stamp.sec = number + 1
        put(frames, message)
    frame = frames.get(timeout=0)
    assert frame.capture_ns == 3_000_000_000
    assert frame.picture.width == 68
    assert wrong_quarters(frame.picture.to_ndarray(format='rgb24'), 'rgb8') == {}
    assert frames.dropped == 2
    assert frames.get(timeout=0) is None


def test_an_image_that_cannot_be_shown_is_logged_once_for_each_encoding(frames, caplog):
    for encoding in ('rgb8', 'xyz', 'rgb8', 'xyz'):
        put(frames, Image(encoding=encoding, width=8, height=8, step=24, data=bytes(9)))
        assert frames.get(timeout=0) is None
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("/cam: cannot show an image of encoding 'rgb8': 9 bytes of data")
    frames.set_topic('/other')
    put(frames, Image(encoding='xyz', width=8, height=8, step=8, data=bytes(64)))
    frames.get(timeout=0)
    assert '/other: cannot show an image' in caplog.text


def test_only_a_few_lines_are_logged_for_any_number_of_bad_images(frames, caplog):
    for number in range(100):
        put(frames, Image(encoding=f'bad\n{number}', width=8, height=8, step=8))
        frames.get(timeout=0)
    assert 1 < len(caplog.records) <= 10
    assert not any('\n' in record.getMessage() for record in caplog.records)


def test_after_closing_it_takes_and_returns_nothing(frames):
    frames.close()
    put(frames, Image())
    assert frames.get() is None
    assert frames.closed


def test_each_reason_of_an_encoding_is_logged_once(frames, caplog):
    for size, step in ((9, 24), (9, 20), (8, 24), (9, 20), (10, 24)):
        put(frames, Image(encoding='rgb8', width=8, height=8, step=step, data=bytes(size)))
        assert frames.get(timeout=0) is None
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split("'rgb8': ")[1].split(' for ')[0] for line in lines] == [
        '9 bytes of data',
        'step of 20',
    ]
