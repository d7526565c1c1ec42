"""The colours of any source as a viewer sees them, computed from what they were made of."""

import av
import numpy as np
import pytest
from support.media.colour_charts import (
    BT601,
    BT709,
    BT2020,
    COLOURS,
    DEPTHS,
    LIMITED,
    chart,
    difference,
    write_chart,
)

from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.codec.small_layer import SmallLayer
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import PictureMaker
from webrtc_bridge.media.pixels.raw_image import RawImage
from webrtc_bridge.media.pixels.to_yuv420p import ToYuv420p
from webrtc_bridge.options import SourceOptions

CODECS = pytest.mark.parametrize('codec', list(Codec))
SD, HD = (64, 576), (64, 578)
MATRICES = {'601': BT601, '709': BT709, '2020': BT2020}


def encoded(picture, codec):
    """Return `picture` as a viewer decodes it."""
    frame = Encoder(Encoding(codec), 30.0, 2_000_000).encode(CapturedFrame(picture, 0), 0)
    (decoded,) = open_decoder(codec).decode(av.Packet(frame.data))
    return decoded


@CODECS
@pytest.mark.parametrize(
    ('pixels', 'full'),
    [(pixels, full) for pixels in DEPTHS for full in (False, True) if full or 'j' not in pixels],
)
@pytest.mark.parametrize('matrix', list(MATRICES))
def test_every_matrix_range_and_depth_arrives_as_it_was(matrix, full, pixels, codec):
    for colour in COLOURS:
        picture = chart(colour, MATRICES[matrix], full, pixels)
        assert difference(encoded(picture, codec), colour) <= 3


@CODECS
@pytest.mark.parametrize('full', [False, True], ids=['limited', 'full'])
@pytest.mark.parametrize(('size', 'matrix'), [(SD, BT601), (HD, BT709)], ids=['SD', 'HD'])
def test_what_names_no_matrix_is_judged_by_its_size(size, matrix, full, codec):
    for colour in COLOURS:
        picture = chart(colour, matrix, full, size=size, declared=False)
        assert difference(encoded(picture, codec), colour) <= 3


@CODECS
@pytest.mark.parametrize('size', [SD, HD], ids=['SD', 'HD'])
@pytest.mark.parametrize('pixels', ['rgb24', 'bgra', 'gbrp'])
def test_red_green_and_blue_arrive_as_they_were(pixels, size, codec):
    for colour in COLOURS:
        rgb = np.full((size[1], size[0], 3), colour, np.uint8)
        picture = av.VideoFrame.from_ndarray(rgb, 'rgb24').reformat(format=pixels)
        assert difference(encoded(picture, codec), colour) <= 3


@CODECS
@pytest.mark.parametrize('size', [SD, HD], ids=['SD', 'HD'])
def test_greys_arrive_as_they_were(size, codec):
    for level in (0, 40, 128, 230, 255):
        picture = av.VideoFrame.from_ndarray(np.full(size[::-1], level, np.uint8), 'gray')
        assert difference(encoded(picture, codec), (level, level, level)) <= 3


@CODECS
@pytest.mark.parametrize('size', [SD, HD], ids=['SD', 'HD'])
def test_images_of_ros_arrive_as_they_were_at_any_size(size, codec):
    maker = PictureMaker(DepthRange(1, 5))
    for colour in COLOURS:
        data = np.full((size[1], size[0], 3), colour, np.uint8)
        picture = maker.picture(RawImage('rgb8', *size, 3 * size[0], data.tobytes()))
        assert difference(encoded(picture, codec), colour) <= 3


@CODECS
def test_half_the_size_has_the_colours_of_the_whole(codec):
    for colour in COLOURS:
        untagged = chart(colour, BT709, size=(160, 720), declared=False)
        picture = ToYuv420p().convert(untagged)
        small = SmallLayer(30.0).take(CapturedFrame(picture, 0), 1_000_000, True)
        assert small.picture.height == 360
        assert difference(encoded(small.picture, codec), colour) <= 3


def test_a_matrix_that_nobody_knows_is_judged_by_the_size():
    picture = chart(COLOURS[0], BT709, size=HD)
    picture.colorspace = 8  # YCgCo
    assert difference(encoded(picture, Codec.H264), COLOURS[0]) <= 3


@pytest.mark.parametrize(
    ('given', 'declared'),
    [
        ((BT601, 2, 2), (BT601, 1, 1)),
        ((BT709, 2, 2), (1, 1, 1)),
        ((BT709, 1, 13), (1, 1, 13)),
        ((BT2020, 2, 2), (9, 9, 14)),
        ((BT2020, 9, 18), (9, 9, 18)),
        ((5, 5, 6), (5, 5, 6)),
        ((2, 2, 2), (BT601, 1, 1)),
    ],
)
def test_h264_declares_matrix_primaries_transfer_and_range(given, declared):
    picture = chart(COLOURS[0], BT601)
    picture.colorspace, picture.color_primaries, picture.color_trc = given
    seen = encoded(picture, Codec.H264)
    assert (seen.colorspace, seen.color_primaries, seen.color_trc) == declared
    assert seen.color_range == LIMITED


def test_another_matrix_starts_with_a_keyframe_that_declares_it():
    encoder, decoder = Encoder(Encoding(Codec.H264), 30.0), open_decoder(Codec.H264)
    seen = []
    for number, matrix in enumerate([BT601, BT601, BT709, BT709]):
        picture = chart(COLOURS[0], matrix)
        frame = encoder.encode(CapturedFrame(picture, 0), number * 3000)
        (decoded,) = decoder.decode(av.Packet(frame.data))
        seen.append((frame.keyframe, decoded.colorspace))
        assert difference(decoded, COLOURS[0]) <= 3
    assert seen == [(True, BT601), (False, BT601), (True, BT709), (False, BT709)]


@pytest.mark.parametrize('matrix', list(MATRICES))
def test_a_picture_of_any_matrix_that_h264_can_declare_is_not_copied(matrix):
    picture = chart(COLOURS[0], MATRICES[matrix])
    assert ToYuv420p().convert(picture) is picture


FILMS = {
    'high-709.mp4': ('libx264', BT709, False, 'yuv420p'),
    'high-601.mp4': ('libx264', BT601, False, 'yuv420p'),
    'untagged-high-709.mp4': ('libx264', BT709, False, 'yuv420p'),
    'full-709.mp4': ('libx264', BT709, True, 'yuvj420p'),
    'hevc-2020.mp4': ('libx265', BT2020, False, 'yuv420p10le'),
    'vp8-601.mkv': ('libvpx', BT601, False, 'yuv420p'),
    'mjpeg-601.avi': ('mjpeg', BT601, True, 'yuvj420p'),
    'untagged-lossless-709.mkv': ('ffv1', BT709, False, 'yuv444p'),
    'lossless-709.mkv': ('ffv1', BT709, False, 'yuv444p'),
}


@CODECS
@pytest.mark.parametrize('name', list(FILMS))
def test_a_film_is_seen_in_the_colours_that_it_was_made_of(tmp_path, name, codec):
    kind, matrix, full, pixels = FILMS[name]
    colour = COLOURS[0]
    declared = 'untagged' not in name
    picture = chart(colour, matrix, full, pixels, size=(96, 578), declared=declared)
    options = {'x265-params': 'log-level=none'} if kind == 'libx265' else {}
    path = write_chart(tmp_path / name, picture, kind, options=options)
    source = opener(SourceOptions(source=str(path)))()
    try:
        frame = source.read()
    finally:
        source.close()
    assert difference(encoded(frame.picture, codec), colour) <= 3
