from fractions import Fraction

import av
import pytest
from support.cpu_time import measured

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.h264.video_size import Bits, video_size


def encoded(
    encoder: str, width: int, height: int, pixels: str = 'yuv420p', **options: str
) -> list[EncodedFrame]:
    """Return two frames, the first of which is a keyframe."""
    context = av.CodecContext.create(encoder, 'w')
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.time_base = Fraction(1, 30)
    context.options = options
    packets = []
    for pts in range(2):
        picture = av.VideoFrame(width, height, pixels)
        picture.pts = pts
        packets += context.encode(picture)
    packets += context.encode(None)
    codec = Codec.VP8 if encoder == 'libvpx' else Codec.H264
    return [EncodedFrame(codec, bytes(packet), packet.is_keyframe, 0, 0) for packet in packets]


@pytest.mark.parametrize(
    ('width', 'height'), [(16, 16), (320, 240), (642, 482), (1280, 720), (1920, 1080)]
)
@pytest.mark.parametrize('encoder', ['libx264', 'libvpx'])
def test_the_size_is_read_from_a_keyframe(encoder, width, height):
    options = {'preset': 'ultrafast', 'tune': 'zerolatency'} if encoder == 'libx264' else {}
    first, second = encoded(encoder, width, height, **options)
    assert video_size(first) == (width, height)
    assert video_size(second) is None


@pytest.mark.parametrize(
    ('profile', 'pixels', 'parameters'),
    [
        ('baseline', 'yuv420p', ''),
        ('main', 'yuv420p', 'interlaced=1'),
        ('high', 'yuv420p', 'cqm=jvt'),
        ('high422', 'yuv422p', ''),
        ('high444', 'yuv444p', 'cqm=jvt'),
        ('high', 'gray', ''),
    ],
)
def test_every_profile_is_read(profile, pixels, parameters):
    frames = encoded(
        'libx264', 322, 244, pixels, profile=profile, **{'x264-params': parameters or 'ref=1'}
    )
    assert video_size(frames[0]) == (322, 244)


@pytest.mark.parametrize('codec', Codec)
def test_broken_data_has_no_size(codec):
    whole = encoded('libx264' if codec is Codec.H264 else 'libvpx', 320, 240)[0].data
    sps = b'\0\0\0\1\x67\x42\xc0\x1f'
    for data in (b'', b'\0\0\1', whole[:8], sps, sps + bytes(40), sps + b'\xff'):
        assert video_size(EncodedFrame(codec, data, True, 0, 0)) is None


def test_a_frame_made_to_keep_its_reader_busy_costs_no_more_than_another():
    """An SPS of 64 kB with no end of zeros took 7.6 s."""
    hostile = b'\0\0\1\x67\x42\xc0\x1f' + b'\0\0\3' * 21_000 + b'\x80'
    many = b'\0\0\1\x06' * 500_000 + hostile
    with measured() as spent:
        for _ in range(100):
            assert video_size(EncodedFrame(Codec.H264, hostile, True, 0, 0)) is None
            assert video_size(EncodedFrame(Codec.H264, many, True, 0, 0)) is None
    assert spent.seconds < 7.6


@pytest.mark.parametrize('zeros', [32, 33, 400])
def test_a_number_has_at_most_32_zeros(zeros):
    ones = Bits(b'\x67' + int('0' * zeros + '1' * (zeros + 8), 2).to_bytes(110, 'big')[-110:])
    ones.take(110 * 8 - 2 * zeros - 8)
    if zeros > 32:
        with pytest.raises(ValueError, match='too long'):
            ones.number()
    else:
        assert ones.number() == 2**33 - 2
