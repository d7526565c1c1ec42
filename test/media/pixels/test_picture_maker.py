import numpy as np
import pytest
from support.media.raw_images import image_of, wrong_quarters

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import KNOWN, PictureMaker
from webrtc_bridge.media.pixels.raw_image import ImageError, RawImage

SIZES = pytest.mark.parametrize('size', [(64, 48), (65, 49)], ids=['even', 'odd'])


def maker():
    return PictureMaker(DepthRange(1.0, 5.0))


def check_quarters(picture, encoding):
    assert picture.format.name == 'yuv420p'
    assert wrong_quarters(picture.to_ndarray(format='rgb24'), encoding) == {}


COLOUR_ENCODINGS = sorted(KNOWN - {'16UC1', '32FC1'})


@SIZES
@pytest.mark.parametrize('padding', [0, 7])
@pytest.mark.parametrize('encoding', COLOUR_ENCODINGS)
def test_colours_of_every_encoding_stay_right(encoding, padding, size):
    picture = maker().picture(image_of(encoding, size, padding))
    assert (picture.width, picture.height) == (64, 48)
    check_quarters(picture, encoding)


@pytest.mark.parametrize('encoding', [name for name in COLOUR_ENCODINGS if name.endswith('16')])
def test_the_order_of_bytes_is_respected(encoding):
    check_quarters(maker().picture(image_of(encoding, (64, 48), big_endian=True)), encoding)


def test_size_and_encoding_may_change_from_image_to_image():
    pictures = maker()
    for encoding, size in [('rgb8', (64, 48)), ('yuyv', (32, 64)), ('nv12', (66, 34))] * 2:
        picture = pictures.picture(image_of(encoding, size))
        assert (picture.width, picture.height) == size
        check_quarters(picture, encoding)


def depth_image(values, number_type, padding=0):
    values = np.asarray(values, number_type)
    lines = values.reshape(len(values), -1).view(np.uint8)
    padded = np.pad(lines, ((0, 0), (0, padding)))
    encoding = '16UC1' if 'u' in number_type else '32FC1'
    size = values.shape[1], values.shape[0]
    return RawImage(encoding, *size, padded.shape[1], padded.tobytes(), number_type[0] == '>')


def greys(picture):
    return picture.to_ndarray(format='gray').astype(int)[0]


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('order', '<>')
def test_depth_in_millimetres_is_white_when_near_and_black_when_far(order, padding):
    row = [1000, 500, 5000, 9000, 3000, 0]
    picture = maker().picture(depth_image([row, row], f'{order}u2', padding))
    assert np.abs(greys(picture) - [255, 255, 0, 0, 128, 0]).max() <= 2


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('order', '<>')
def test_depth_in_metres_is_white_when_near_and_black_where_it_is_not_known(order, padding):
    row = [1.0, 0.5, 5.0, 3.0, np.nan, np.inf, -np.inf, 0.0]
    picture = maker().picture(depth_image([row, row], f'{order}f4', padding))
    assert np.abs(greys(picture) - [255, 255, 0, 128, 0, 0, 0, 0]).max() <= 2


@pytest.mark.parametrize('far', [1.0, 0.5, float('nan')])
def test_an_empty_depth_range_is_refused(far):
    with pytest.raises(OptionError, match='depth_far'):
        DepthRange(1.0, far)


@pytest.mark.parametrize(
    ('image', 'said'),
    [
        (RawImage('xyz8', 8, 8, 8, bytes(64)), 'unknown encoding, expected one of 16UC1'),
        (RawImage('', 8, 8, 8, bytes(64)), 'unknown encoding, expected one of'),
        (RawImage('rgb8', 8, 8, 24, bytes(191)), '191 bytes of data .* expected 192 bytes'),
        (RawImage('rgb8', 8, 8, 23, bytes(999)), 'step of 23 .* expected at least 24 bytes'),
        (RawImage('nv12', 8, 8, 8, bytes(64)), '64 bytes of data .* expected 96 bytes'),
        (RawImage('mono16', 8, 8, 8, bytes(999)), 'step of 8 .* expected at least 16 bytes'),
        (RawImage('32FC1', 8, 8, 32, b''), '0 bytes of data .* expected 256 bytes'),
        (RawImage('bgr8', 0, 0, 0, b''), 'image of 0x0, expected at least 2x2 pixels'),
        (RawImage('bgr8', 1, 9, 3, bytes(27)), 'image of 1x9, expected at least 2x2 pixels'),
        (RawImage('bgr8', 2**31, 2**31, 2**32 - 1, bytes(9)), 'expected'),
    ],
)
def test_an_image_that_cannot_be_shown_is_refused_in_one_line(image, said):
    with pytest.raises(ImageError, match=said) as refusal:
        maker().picture(image)
    assert '\n' not in str(refusal.value)


@pytest.mark.parametrize('encoding', sorted(KNOWN))
@pytest.mark.parametrize('size', [(2, 2), (3, 3), (2, 5)])
def test_tiny_images_are_pictures(encoding, size):
    step = 16 * size[0]
    picture = maker().picture(RawImage(encoding, *size, step, bytes(step * 2 * size[1])))
    assert (picture.width, picture.height) == (size[0] & ~1, size[1] & ~1)
