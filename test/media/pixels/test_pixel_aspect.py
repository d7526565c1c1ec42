"""Anamorphic films, whose pixels are not square."""

from fractions import Fraction

import numpy as np
import pytest
from support.media.colour_charts import BT601, COLOURS, chart, difference, write_chart
from support.media.sources import first_pictures

from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.pixels.pixel_aspect import is_square, square_size


@pytest.mark.parametrize(
    ('size', 'aspect', 'wanted'),
    [
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
        ((352, 288), Fraction(12, 11), (384, 288)),
        ((720, 480), Fraction(8, 9), (720, 540)),
        ((360, 480), Fraction(2), (720, 480)),
    ],
)
def test_the_size_in_square_pixels_loses_nothing(size, aspect, wanted):
    assert square_size(*size, aspect) == wanted


@pytest.mark.parametrize(
    ('aspect', 'square'),
    [
        *[(Fraction(1), True), (Fraction(101, 100), True), (Fraction(12, 11), False)],
        *[(Fraction(1, 2), False), (Fraction(65535), True), (Fraction(1, 65535), True)],
    ],
)
def test_absurd_and_nearly_square_pixels_are_taken_for_square(aspect, square):
    assert is_square(aspect) is square


@pytest.mark.parametrize('passes', [False, True])
@pytest.mark.parametrize('profile', ['main', 'baseline'])
@pytest.mark.parametrize(
    ('aspect', 'wanted'), [(Fraction(2), (192, 64)), (Fraction(1, 2), (96, 128))]
)
def test_an_anamorphic_film_is_shown_in_its_true_shape(tmp_path, aspect, wanted, profile, passes):
    picture = chart(COLOURS[0], BT601, size=(96, 64))
    options = {'profile': profile}
    path = write_chart(tmp_path / 'film.mp4', picture, options=options, aspect=aspect)
    (frame,) = first_pictures(path, 1, passes_h264=passes)
    assert isinstance(frame, CapturedFrame)
    assert (frame.picture.width, frame.picture.height) == wanted
    assert np.abs(difference(frame.picture, COLOURS[0])) <= 3
