import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from webrtc_bridge.media.capture.pattern import (
    BAND_END,
    BARS,
    BARS_END,
    TEXT_END,
    Pattern,
    bar_rectangle,
    read_clock,
)
from webrtc_bridge.media.pixels.frame_pool import LIMIT, FramePool
from webrtc_bridge.media.pixels.planes import plane_pixels

NOW = 1_700_000_000_123_456_000


def luma(frame):
    return plane_pixels(frame.planes[0])


def through_h264(frames, bit_rate):
    """Return `frames` after a live H.264 encoder and a decoder."""
    encoder = av.CodecContext.create('libx264', 'w')
    encoder.width, encoder.height = frames[0].width, frames[0].height
    encoder.pix_fmt, encoder.time_base = 'yuv420p', Fraction(1, 30)
    encoder.bit_rate = bit_rate
    encoder.options = {
        'preset': 'ultrafast',
        'tune': 'zerolatency',
        'maxrate': str(bit_rate),
        'bufsize': str(bit_rate // 2),
    }
    decoder = av.CodecContext.create('h264', 'r')
    packets = []
    for index, frame in enumerate(frames):
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    received = [picture for packet in packets for picture in decoder.decode(packet)]
    return received + list(decoder.decode(None))


@pytest.mark.parametrize('name', BARS)
def test_each_bar_has_its_exact_colour(name):
    left, top, right, bottom = bar_rectangle(name)
    picture = Pattern(640, 480).draw(NOW).to_ndarray(format='rgb24')
    region = picture[
        int(top * 480) : int(bottom * 480), int(left * 640) + 2 : int(right * 640) - 2
    ]
    assert np.abs(region.astype(int) - BARS[name]).max() <= 3


@pytest.mark.parametrize('size', [(64, 48), (320, 240), (642, 362), (1280, 720)])
def test_the_clock_in_the_picture_can_be_read(size):
    assert read_clock(luma(Pattern(*size).draw(NOW))) == NOW


@pytest.mark.parametrize(('size', 'bit_rate'), [((320, 240), 100_000), ((1280, 720), 400_000)])
def test_the_clock_survives_h264_at_a_low_bit_rate(size, bit_rate):
    pattern = Pattern(*size)
    moments = [NOW + n * 33_333_000 for n in range(20)]
    received = through_h264([pattern.draw(moment) for moment in moments], bit_rate)
    assert [read_clock(luma(frame)) for frame in received] == moments


def test_the_clock_can_be_read_from_a_scaled_grey_picture():
    picture = Pattern(1280, 720).draw(NOW).to_ndarray(format='bgr24')
    small = cv2.resize(picture, (426, 240), interpolation=cv2.INTER_AREA)
    assert read_clock(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)) == NOW


def test_a_picture_without_the_clock_does_not_verify():
    assert read_clock(np.zeros((240, 320), np.uint8)) is None
    assert read_clock(np.full((240, 320), 255, np.uint8)) is None
    assert read_clock(np.full((240, 320), 128, np.uint8)) is None
    assert read_clock(np.zeros((4, 4), np.uint8)) is None


def test_any_damaged_cell_is_noticed():
    picture = luma(Pattern(320, 240).draw(NOW)).copy()
    for row in range(2):
        for column in range(32):
            damaged = picture.copy()
            cell = damaged[192 + row * 24 : 216 + row * 24, column * 10 : column * 10 + 10]
            cell[:] = 251 - cell
            assert read_clock(damaged) is None


def test_the_block_moves_and_the_text_changes():
    pattern = Pattern(320, 240)
    first, second = (luma(pattern.draw(NOW + n * 1_000_000_000)).copy() for n in range(2))
    rows = {
        'bars': (0, BARS_END),
        'block': (BARS_END, BAND_END),
        'text': (BAND_END, TEXT_END),
    }
    changed = {
        name: not np.array_equal(*(p[int(top * 240) : int(end * 240)] for p in (first, second)))
        for name, (top, end) in rows.items()
    }
    assert changed == {'bars': False, 'block': True, 'text': True}


@pytest.mark.parametrize('size', [(16, 16), (18, 100), (100, 16)])
def test_the_smallest_sizes_can_be_drawn(size):
    frame = Pattern(*size).draw(time.time_ns())
    assert (frame.width, frame.height, frame.format.name) == (*size, 'yuv420p')


def test_a_referenced_picture_is_not_drawn_over():
    pattern = Pattern(320, 240)
    held = [pattern.draw(NOW + n * 1_000_000) for n in range(2 * LIMIT)]
    assert [read_clock(luma(frame)) for frame in held] == [
        NOW + n * 1_000_000 for n in range(2 * LIMIT)
    ]


def test_a_picture_with_a_view_of_its_pixels_is_not_drawn_over():
    pattern = Pattern(320, 240)
    view = luma(pattern.draw(NOW))
    pattern.draw(NOW + 1_000_000)
    assert read_clock(view) == NOW


def test_an_unreferenced_frame_is_reused_and_reset():
    pool = FramePool(64, 48)
    frame = pool.take()
    frame.pts = 7
    address = id(frame)
    del frame
    again = pool.take()
    assert id(again) == address
    assert again.pts is None
