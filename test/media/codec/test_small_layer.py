"""Size, rate and colours of the small layer."""

import itertools

import numpy as np
import pytest

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.codec.frame_decimation import small_size
from webrtc_bridge.media.codec.small_layer import SmallLayer
from webrtc_bridge.media.frames import CapturedFrame

START = 1_700_000_000_000_000_000


def taken(small, bitrate, count, size=(640, 480), keyframe=False):
    """Return the results for `count` pictures."""
    picture = Pattern(*size).draw(START)
    return [small.take(CapturedFrame(picture, START + n), bitrate, keyframe) for n in range(count)]


@pytest.mark.parametrize(
    ('size', 'small'),
    [
        ((640, 480), (320, 240)),
        ((1280, 720), (640, 360)),
        ((642, 486), (320, 242)),
        ((641, 481), (320, 240)),
        ((64, 48), (64, 48)),
    ],
)
def test_half_size_is_even_and_not_tiny(size, small):
    assert small_size(*size) == small


def test_the_picture_is_the_same():
    (small,) = taken(SmallLayer(30.0), 300_000, 1)
    assert (small.picture.width, small.picture.height) == (320, 240)
    assert small.capture_ns == START
    full = Pattern(640, 480).draw(START).to_ndarray(format='gray')
    halved = full.reshape(240, 2, 320, 2).mean(axis=(1, 3))
    assert np.abs(small.picture.to_ndarray(format='gray') - halved).mean() < 6


def test_all_pictures_are_taken_while_there_are_bits_for_them():
    assert None not in taken(SmallLayer(30.0), 250_000, 30)


def test_few_bits_show_fewer_pictures():
    small = SmallLayer(30.0)
    displayed = [frame is not None for frame in taken(small, 150_000, 60, (1280, 720))]
    assert 28 <= sum(displayed) <= 31
    assert small.fps == 15.0
    assert SmallLayer(30.0).take(taken(SmallLayer(30.0), 0, 1)[0], 1, False)


def test_a_keyframe_is_never_left_out():
    assert None not in taken(SmallLayer(30.0), 10_000, 5, (1280, 720), keyframe=True)


def test_a_bit_rate_on_the_edge_does_not_keep_changing_the_frame_rate():
    small, rates = SmallLayer(30.0), []
    for bitrate in itertools.chain(*[(200_000, 215_000)] * 20):
        taken(small, bitrate, 6, (1280, 720))
        rates.append(small.fps)
    assert sum(before != after for before, after in itertools.pairwise(rates)) <= 1
    taken(small, 300_000, 6, (1280, 720))
    assert small.fps == 30.0
