import struct

import cv2
import numpy as np
import pytest
from support.media.raw_images import image_of, quarters, wrong_quarters

from webrtc_bridge.media.pixels.decompressed import decompressed
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import MOSAICS, PictureMaker
from webrtc_bridge.media.pixels.raw_image import ImageError, RawImage

SIZE = (64, 48)
SINGLE = ['mono8', '8UC1', 'mono16', *MOSAICS, *(name.replace('8', '16') for name in MOSAICS)]


def compressed(pixels, kind, *options):
    return cv2.imencode(f'.{kind}', pixels, options)[1].ravel()


def seen(image):
    return PictureMaker(DepthRange(1, 5)).picture(image).to_ndarray(format='rgb24')


@pytest.mark.parametrize('kind', ['png', 'jpeg'])
@pytest.mark.parametrize('encoding', SINGLE)
def test_an_image_of_one_channel_is_what_the_encoding_before_the_semicolon_says(encoding, kind):
    raw = image_of(encoding, SIZE)
    wide = encoding.endswith('16')
    pixels = raw.samples('u2') if wide else raw.rows(1)
    if kind == 'jpeg' and wide:
        pixels = (pixels >> 8).astype(np.uint8)  # JPEG has 8 bits
    data = compressed(pixels, kind, *((cv2.IMWRITE_JPEG_QUALITY, 100) if kind == 'jpeg' else ()))
    image = decompressed(data, f'{encoding}; {kind} compressed ')
    assert wrong_quarters(seen(image), encoding, 8 if kind == 'jpeg' else 6) == {}
    if kind == 'png':
        assert np.array_equal(seen(image), seen(raw))


@pytest.mark.parametrize(
    'format_name',
    ['jpeg', 'png', 'rgb8; jpeg compressed bgr8', 'bgr8; png compressed bgr8', 'yuv422; jpeg', ''],
)
@pytest.mark.parametrize('kind', ['png', 'jpeg'])
@pytest.mark.parametrize('channels', [3, 4])
def test_colours_are_what_they_are_whatever_the_format_says(format_name, kind, channels):
    pixels = quarters(*SIZE)[..., ::-1]
    if channels == 4 and kind == 'png':
        pixels = np.dstack([pixels, np.full(SIZE[::-1], 9, np.uint8)])
    image = decompressed(compressed(pixels, kind), format_name)
    assert wrong_quarters(seen(image), 'rgb8') == {}


def test_a_png_with_colours_of_16_bits_keeps_them():
    pixels = quarters(*SIZE)[..., ::-1].astype(np.uint16) * 257
    image = decompressed(compressed(pixels, 'png'), 'rgb16; png compressed bgr16')
    assert wrong_quarters(seen(image), 'rgb16') == {}


MILLIMETRES = np.array([[1000, 500, 5000, 9000, 3000, 0]] * 4, np.uint16)


@pytest.mark.parametrize('format_name', ['16UC1; png compressed ', '16UC1; png', '16UC1;png'])
def test_depth_in_a_png_is_shown_as_depth(format_name):
    image = decompressed(compressed(MILLIMETRES, 'png'), format_name)
    assert np.array_equal(image.samples('u2'), MILLIMETRES)
    raw = RawImage('16UC1', 6, 4, 12, MILLIMETRES.tobytes())
    assert np.array_equal(seen(image), seen(raw))


@pytest.mark.parametrize('format_name', ['16UC1; compressedDepth png', '16UC1; compressedDepth'])
def test_compressed_depth_in_millimetres_is_shown_as_depth(format_name):
    header = np.frombuffer(struct.pack('<iff', 0, 0, 0), np.uint8)
    data = np.concatenate([header, compressed(MILLIMETRES, 'png')])
    image = decompressed(data, format_name)
    assert image.encoding == '16UC1'
    assert np.array_equal(image.samples('u2'), MILLIMETRES)


def test_compressed_depth_in_metres_is_shown_as_depth():
    # Inverse depth (compressed_depth_image_transport, codec.cpp): z = scale / (value - offset).
    metres = np.array([[1.0, 0.5, 5.0, 3.0, np.nan, 9.0]] * 4, np.float32)
    scale = 100.0 * 101.0
    offset = 1 - scale / 10.0
    with np.errstate(invalid='ignore'):
        values = np.where(np.isnan(metres), 0, np.round(scale / metres + offset)).astype(np.uint16)
    header = np.frombuffer(struct.pack('<iff', 0, scale, offset), np.uint8)
    data = np.concatenate([header, compressed(values, 'png')])
    image = decompressed(data, '32FC1; compressedDepth png')
    assert np.allclose(image.samples('f4'), metres, rtol=0.001, equal_nan=True)
    raw = RawImage('32FC1', 6, 4, 24, metres.tobytes())
    assert np.abs(seen(image).astype(int) - seen(raw)).max() <= 1


@pytest.mark.parametrize(
    ('data', 'format_name', 'expected'),
    [
        (b'', 'jpeg', 'expected a whole jpeg or png image'),
        (bytes(12), '16UC1; compressedDepth png', 'expected a whole compressedDepth image'),
        (bytes(99), '16UC1; compressedDepth rvl', 'expected compressedDepth as png'),
        (None, 'bgr8; compressedDepth png', 'expected a png of 16 bits, in 16UC1 or 32FC1'),
    ],
)
def test_what_cannot_be_decompressed_is_refused_in_one_line(data, format_name, expected):
    if data is None:
        data = bytes(12) + compressed(MILLIMETRES, 'png').tobytes()
    with pytest.raises(ImageError, match=expected):
        decompressed(np.frombuffer(data, np.uint8), format_name)
