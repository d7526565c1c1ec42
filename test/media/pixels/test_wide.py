"""The 8 bits of 16-bit values that are shown."""

import numpy as np
import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import PictureMaker
from webrtc_bridge.media.pixels.raw_image import RawImage
from webrtc_bridge.media.pixels.wide import GreyRange


def mono16(row, order='<'):
    values = np.array([row, row], f'{order}u2')
    return RawImage('mono16', len(row), 2, 2 * len(row), values.tobytes(), order == '>')


def greys(maker, image):
    return maker.picture(image).to_ndarray(format='gray').astype(int)[0]


def maker(*scale):
    return PictureMaker(DepthRange(1, 5), GreyRange(*scale))


@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('bits', [10, 12, 14, 16])
def test_the_bits_in_use_fill_the_scale(bits, order):
    most = (1 << bits) - 1
    row = [0, most // 4, most // 2, most]
    assert np.abs(greys(maker(), mono16(row, order)) - [0, 63, 127, 255]).max() <= 2


def test_the_scale_never_shrinks_for_a_darker_image():
    one = maker()
    assert greys(one, mono16([0, 1000]))[1] >= 245
    for row in ([0, 16_000], [0, 1000], [0, 0]):
        expected = np.array(row) * 255 / 16_383
        assert np.abs(greys(one, mono16(row)) - expected).max() <= 2


def test_another_size_is_another_source():
    one = maker()
    greys(one, mono16([0, 65_535]))
    assert greys(one, mono16([0, 0, 1023, 1023]))[2] >= 250


@pytest.mark.parametrize('order', '<>')
def test_a_range_is_shown_from_black_to_white(order):
    row = [0, 7000, 7500, 8000, 9000, 65_535]
    seen = greys(maker(7000, 9000), mono16(row, order))
    assert np.abs(seen - [0, 0, 64, 128, 255, 255]).max() <= 2


@pytest.mark.parametrize(('black', 'white'), [(5, 5), (6, 5)])
def test_an_empty_range_is_refused(black, white):
    with pytest.raises(OptionError, match='mono16_white'):
        GreyRange(black, white)


def test_colours_of_12_bits_are_not_dark():
    values = np.array([[[4095, 0, 2047]] * 4] * 4, '<u2')
    picture = maker().picture(RawImage('rgb16', 4, 4, 24, values.tobytes()))
    seen = picture.to_ndarray(format='rgb24')[1, 1].astype(int)
    assert np.abs(seen - [255, 0, 127]).max() <= 4
