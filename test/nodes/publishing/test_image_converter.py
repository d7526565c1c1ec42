import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from support.media.colour_charts import BT601, BT709, BT2020, COLOURS, KR_KB, chart, rgb_of
from support.media.decoded_pictures import RGB, YUV, gradient, plain

from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.nodes.publishing.image_converter import ImageConverter

GRAY = {'red': 76, 'green': 150, 'blue': 29}

WIDTHS = [16, 64, 320, 424, 640, 641, 642, 848, 1280, 1366, 1920]
'With and without padding at the end of rows.'


def pixels_of(message: Image, channels: int) -> np.ndarray:
    """Return what a subscriber sees: serialised, deserialised, and its step ignored."""
    seen = deserialize_message(serialize_message(message), Image)
    return np.array(seen.data, np.uint8).reshape(seen.height, seen.width, channels)


@pytest.mark.parametrize('colour', YUV)
@pytest.mark.parametrize(('encoding', 'order'), [('bgr8', (2, 1, 0)), ('rgb8', (0, 1, 2))])
def test_colours_arrive_right(encoding, order, colour):
    message = ImageConverter(encoding).to_message(plain(YUV[colour]), Header())
    wanted = [RGB[colour][channel] for channel in order]
    assert np.abs(pixels_of(message, 3).astype(int) - wanted).max() <= 3


@pytest.mark.parametrize('colour', YUV)
def test_mono_is_the_luma_in_full_range(colour):
    message = ImageConverter('mono8').to_message(plain(YUV[colour]), Header())
    assert np.abs(pixels_of(message, 1).astype(int) - GRAY[colour]).max() <= 1


@pytest.mark.parametrize('encoding', ['bgr8', 'mono8'])
@pytest.mark.parametrize(('luma', 'level'), [(16, 0), (235, 255)])
def test_black_and_white_are_the_ends_of_the_range(encoding, luma, level):
    message = ImageConverter(encoding).to_message(plain((luma, 128, 128)), Header())
    assert set(bytes(message._data)) == {level}


def test_each_gray_is_what_swscale_makes_of_it():
    picture = plain((0, 128, 128), 256, 4)
    plane_pixels(picture.planes[0])[:] = np.arange(256)
    message = ImageConverter('mono8').to_message(picture, Header())
    assert np.array_equal(pixels_of(message, 1)[:, :, 0], picture.to_ndarray(format='gray'))


def test_a_bt709_stream_is_converted_as_such():
    picture = plain((63, 102, 240))
    picture.colorspace = Colorspace.ITU709
    message = ImageConverter('rgb8').to_message(picture, Header())
    assert np.abs(pixels_of(message, 3).astype(int) - RGB['red']).max() <= 3


@pytest.mark.parametrize('encoding', ['bgr8', 'mono8'])
def test_a_full_range_stream_is_converted_as_such(encoding):
    picture = plain((255, 128, 128))
    picture.color_range = ColorRange.JPEG
    message = ImageConverter(encoding).to_message(picture, Header())
    assert set(bytes(message._data)) == {255}


@pytest.mark.parametrize('colorspace', range(15))
def test_no_colour_description_breaks_the_conversion(colorspace):
    picture = plain((126, 128, 128))
    picture.colorspace = colorspace
    message = ImageConverter('bgr8').to_message(picture, Header())
    assert set(bytes(message._data)) == {128}


@pytest.mark.parametrize('width', WIDTHS)
@pytest.mark.parametrize(('encoding', 'channels'), [('bgr8', 3), ('rgb8', 3), ('mono8', 1)])
def test_rows_have_no_gaps_at_any_width(encoding, channels, width):
    picture = gradient(width, 34)
    message = ImageConverter(encoding).to_message(picture, Header())
    assert (message.width, message.height, message.step) == (width, 34, width * channels)
    names = {'bgr8': 'bgr24', 'rgb8': 'rgb24', 'mono8': 'gray'}
    wanted = picture.to_ndarray(format=names[encoding]).reshape(34, width, channels)
    assert np.array_equal(pixels_of(message, channels), wanted)


@pytest.mark.parametrize('width', WIDTHS)
@pytest.mark.parametrize('height', [34, 35])
def test_nv12_is_the_picture_as_it_was_encoded(width, height):
    picture = gradient(width, height)
    message = ImageConverter('nv12').to_message(picture, Header())
    assert (message.width, message.height, message.step) == (width, height, width + width % 2)
    seen = deserialize_message(serialize_message(message), Image)
    lines = np.array(seen.data, np.uint8).reshape(-1, seen.step)
    y, u, v = (plane_pixels(plane) for plane in picture.planes)
    assert np.array_equal(lines[:height, :width], y)
    assert np.array_equal(lines[height:, 0::2], u)
    assert np.array_equal(lines[height:, 1::2], v)


@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize('full', [False, True], ids=['limited', 'full'])
@pytest.mark.parametrize('matrix', [BT601, BT709, BT2020])
@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'nv12', 'mono8'])
def test_every_matrix_and_range_of_a_stream_is_converted_as_such(encoding, matrix, full, colour):
    message = ImageConverter(encoding).to_message(chart(colour, matrix, full), Header())
    if encoding == 'mono8':
        kr, kb = KR_KB[matrix]
        wanted, seen = np.dot(colour, (kr, 1 - kr - kb, kb)), pixels_of(message, 1)[20, 20, 0]
    elif encoding == 'nv12':
        lines = np.array(message._data).reshape(-1, message.step)
        wanted, seen = colour, rgb_of((lines[20, 20], *lines[48 + 10, 20:22]), BT601)
    else:
        wanted = colour if encoding == 'rgb8' else colour[::-1]
        seen = pixels_of(message, 3)[20, 20]
    assert np.abs(np.asarray(seen, float) - wanted).max() <= 3


def test_nv12_has_limited_range_whatever_the_stream_has():
    picture = plain((255, 128, 128))
    picture.color_range = ColorRange.JPEG
    message = ImageConverter('nv12').to_message(picture, Header())
    assert set(bytes(message._data)) == {235, 128}


def test_a_change_of_size_between_pictures_shows_in_the_next_message():
    converter = ImageConverter('bgr8')
    for width, height in [(424, 240), (642, 480), (424, 240), (1280, 720)]:
        message = converter.to_message(gradient(width, height), Header())
        wanted = gradient(width, height).to_ndarray(format='bgr24')
        assert np.array_equal(pixels_of(message, 3), wanted)


def test_the_header_carries_frame_and_time():
    header = Header(frame_id='camera', stamp=Time(sec=1_700_000_000, nanosec=123456789))
    message = ImageConverter('bgr8').to_message(plain(YUV['red']), header)
    assert message.header == header
    assert (message.encoding, message.is_bigendian) == ('bgr8', 0)
