"""Pictures from image messages."""

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from support.media.raw_images import image_of
from support.ros.topic_publisher import message_of

from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.raw_image import ImageError
from webrtc_bridge.nodes.subscribing.picture_converter import PictureConverter, is_h264


@pytest.mark.parametrize(
    ('format_name', 'expected'),
    [('h264', True), ('H264', True), ('h264; baseline', True), ('jpeg', False), ('', False)],
)
def test_h264_is_recognised_by_the_format(format_name, expected):
    assert is_h264(CompressedImage(format=format_name)) is expected


def test_an_unknown_encoding_is_refused_with_or_without_cv_bridge():
    message = Image(encoding='xyz', width=8, height=8, step=8, data=bytes(64))
    with pytest.raises(ImageError, match='unknown encoding, expected one of'):
        PictureConverter(DepthRange(1, 2)).picture(message)


@pytest.mark.parametrize('data', [b'', b'nonsense', b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff\xe0' * 9])
def test_a_compressed_image_that_cannot_be_decoded_is_refused(data):
    message = CompressedImage(format='jpeg', data=data)
    with pytest.raises(ImageError, match="format 'jpeg', expected a whole jpeg or png"):
        PictureConverter(DepthRange(1, 2)).picture(message)


def test_the_pixels_are_not_copied_before_they_are_converted():
    message = message_of(image_of('bgr8', (64, 48)))
    pictures = PictureConverter(DepthRange(1, 2))
    assert np.shares_memory(np.frombuffer(message.data, np.uint8), pictures.raw(message).rows(3))
