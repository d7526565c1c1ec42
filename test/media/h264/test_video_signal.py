from fractions import Fraction

import av
import numpy as np
import pytest
from support.media.colour_charts import BT601, BT709, COLOURS, chart

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.h264.units import SPS, kind, nal_units
from webrtc_bridge.media.h264.video_signal import VideoSignal, declaring, video_signal
from webrtc_bridge.media.h264.video_size import video_size

SIGNALS = [
    VideoSignal(),
    VideoSignal(True),
    VideoSignal(False, 1, 1, 6),
    VideoSignal(True, 9, 18, 9),
]


def keyframe(signal, size=(96, 64), options=None, aspect=None):
    """Return a keyframe of x264 that declares `signal`."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height = size
    context.pix_fmt = 'yuvj420p' if signal.full_range else 'yuv420p'
    context.framerate, context.time_base = Fraction(30), Fraction(1, 30)
    context.options = {'tune': 'zerolatency', **(options or {})}
    context.color_range = 2 if signal.full_range else 0
    context.color_primaries, context.color_trc, context.colorspace = signal[1:]
    if aspect:
        context.sample_aspect_ratio = Fraction(aspect)
    picture = chart(COLOURS[0], BT601, signal.full_range, context.pix_fmt, size)
    return bytes(context.encode(picture)[0])


def sps_of(data):
    return next(unit for unit in nal_units(data) if kind(unit) == SPS)


@pytest.mark.parametrize('signal', SIGNALS)
@pytest.mark.parametrize('profile', ['baseline', 'high', 'high422'])
@pytest.mark.parametrize('aspect', [None, '4/3', '77/50'])
def test_the_signal_type_is_read(signal, profile, aspect):
    data = keyframe(signal, options={'profile': profile}, aspect=aspect)
    assert video_signal(sps_of(data)) == signal


@pytest.mark.parametrize('signal', [VideoSignal(), VideoSignal(True)])
@pytest.mark.parametrize('aspect', [None, '77/50'])
def test_what_declares_no_matrix_is_given_one_and_is_otherwise_as_it_was(signal, aspect):
    data = keyframe(signal, aspect=aspect)
    declared = declaring(
        data, lambda height: VideoSignal(False, 1, 13, 1) if height == 64 else None
    )
    assert video_signal(sps_of(declared)) == VideoSignal(signal.full_range, 1, 13, 1)
    before, after = (av.CodecContext.create('h264', 'r') for _ in range(2))
    (was,), (now,) = before.decode(av.Packet(data)), after.decode(av.Packet(declared))
    assert (now.colorspace, now.color_primaries, now.color_trc) == (BT709, 1, 13)
    assert now.color_range == (2 if signal.full_range else 1)
    assert np.array_equal(was.to_ndarray(), now.to_ndarray())
    assert after.sample_aspect_ratio == before.sample_aspect_ratio
    frame = EncodedFrame(Codec.H264, declared, True, 0, 0)
    assert video_size(frame) == (96, 64)


def test_an_sps_without_vui_gets_one():
    # Constrained Baseline, 16x16 pixels: poc type 2, one reference frame, no cropping, no VUI.
    bits = '0100001011000000000010101101101001111001'
    bits += '0' * (-len(bits) % 8)
    sps = b'\x67' + int(bits, 2).to_bytes(len(bits) // 8, 'big')
    assert video_signal(sps) == VideoSignal()
    unit = sps_of(declaring(b'\0\0\1' + sps, lambda _: VideoSignal(False, 1, 1, 6)))
    assert video_signal(unit) == VideoSignal(False, 1, 1, 6)
    assert b'\0\0\1' not in unit


def test_what_declares_a_matrix_keeps_it():
    data = keyframe(VideoSignal(False, 1, 1, 6))
    units = list(nal_units(declaring(data, lambda _: VideoSignal(False, 9, 18, 9))))
    assert units == list(nal_units(data))


@pytest.mark.parametrize(
    'sps', [b'\x67', b'\x67\x42', b'\x67' + bytes(40), b'\x67' + b'\xff' * 900]
)
def test_a_broken_sps_stays_as_it_is(sps):
    unit = sps.rstrip(b'\0')
    assert list(nal_units(declaring(b'\0\0\1' + sps, lambda _: VideoSignal(False, 1, 1, 1)))) == [
        unit
    ]
