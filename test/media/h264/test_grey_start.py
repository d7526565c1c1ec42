import av
import numpy as np
import pytest

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.h264.grey_start import GreyStart
from webrtc_bridge.media.h264.units import (
    IDR_SLICE,
    PPS,
    SLICE,
    SPS,
    ParameterSets,
    kind,
    nal_units,
)
from webrtc_bridge.media.h264.video_size import Bits


def sets_of(size=(320, 240), profile='baseline', **parameters):
    """Return the parameter sets of x264."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height = size
    context.pix_fmt, context.framerate = 'yuv420p', 30
    joined = ':'.join(f'{name}={value}' for name, value in parameters.items())
    context.options = {'profile': profile, 'x264-params': joined}
    (packet,) = context.encode(av.VideoFrame(*size, 'yuv420p')) or context.encode(None)
    units = {kind(unit): unit for unit in nal_units(bytes(packet))}
    return units[SPS], units[PPS]


def access_units(count, **parameters):
    """Return the access units of x264 for a moving picture."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height = 320, 240
    context.pix_fmt, context.framerate = 'yuv420p', 30
    joined = ':'.join(f'{name}={value}' for name, value in parameters.items())
    context.options = {'tune': 'zerolatency', 'profile': 'baseline', 'x264-params': joined}
    pattern = Pattern(320, 240)
    pictures = (pattern.draw(n * 33_000_000) for n in range(count))
    return [bytes(packet) for picture in pictures for packet in context.encode(picture)]


@pytest.mark.parametrize(
    ('size', 'parameters'),
    [
        ((320, 240), {}),
        ((66, 34), {'bframes': '2', 'cabac': '0'}),
        ((1920, 1080), {'no-deblock': '1'}),
        ((320, 240), {'slices': '4', 'ref': '4', 'qp': '17'}),
    ],
)
def test_it_is_grey_all_over(size, parameters):
    profile = 'main' if 'cabac' in parameters else 'baseline'
    sets = ParameterSets()
    both = sets_of(size, profile, **parameters)
    sets.note(list(both))
    decoder = av.CodecContext.create('h264', 'r')
    data = sets.before(GreyStart(*both).keyframe)
    (picture,) = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    assert (picture.width, picture.height) == size
    assert picture.key_frame
    assert np.unique(picture.to_ndarray(format='yuv420p')).tolist() == [128]


def test_there_is_none_for_what_is_not_of_the_baseline_profile():
    for profile in ('main', 'high'):
        with pytest.raises(ValueError, match=r'CABAC|baseline'):
            GreyStart(*sets_of(profile=profile))


@pytest.mark.parametrize('length', range(1, 8))
def test_broken_sets_raise_a_value_error(length):
    sequence, picture = sets_of()
    with pytest.raises(ValueError, match='ended'):
        GreyStart(sequence[:length], picture)
    with pytest.raises(ValueError, match='ended'):
        GreyStart(sequence, picture[: min(length, 2)])


def frame_numbers(data, sets):
    """Return frame_num of the slices of `data`, of a stream with the parameter sets `sets`."""
    sequence = Bits(sets[0])
    sequence.take(24)
    sequence.number()
    length = sequence.number() + 4
    for unit in nal_units(data):
        if kind(unit) in (SLICE, IDR_SLICE):
            bits = Bits(unit)
            for _ in range(3):
                bits.number()
            yield bits.take(length)


@pytest.mark.parametrize('joined', range(31, 47))
def test_what_follows_it_is_numbered_as_if_it_did(joined):
    units = access_units(80, slices=2, **{'intra-refresh': '1', 'keyint': '15'})
    sets = {kind(unit): unit for unit in nal_units(units[0])}
    start = GreyStart(sets[SPS], sets[PPS])
    both = sets[SPS], sets[PPS]
    rest = [start.following(list(nal_units(data))) for data in units[joined:]]
    assert list(frame_numbers(start.keyframe, both)) == [0]
    numbers = [list(frame_numbers(data, both)) for data in rest]
    assert numbers == [[(n + 1) % 16] * 2 for n in range(len(rest))]
    whole, began = open_decoder(Codec.H264), open_decoder(Codec.H264)
    began.decode(av.Packet(b''.join(b'\0\0\0\1' + unit for unit in both) + start.keyframe))
    for data in units:
        (expected,) = whole.decode(av.Packet(data))
    for data in rest:
        (shown,) = began.decode(av.Packet(data))
    assert (shown.to_ndarray() == expected.to_ndarray()).all()
