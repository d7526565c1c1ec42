import fractions
import functools

import av
import cv2
import numpy as np
import pytest
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av.video.reformatter import ColorRange

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoder import HEADROOM, VBV_SECONDS, Encoder, open_encoder
from webrtc_bridge.media.codec.encoder_settings import DEFAULT, HIGH, X264Settings
from webrtc_bridge.media.codec.frame_rate import FrameRate
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding
from webrtc_bridge.media.pixels.colours import SRGB_AS_BT601
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp.payloader import LARGEST_PAYLOAD

START = 1_700_000_000_000_000_000
INTERVAL = 33_333_333
RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
CODECS = pytest.mark.parametrize('codec', list(Codec))


def capture_ns(number):
    return START + number * INTERVAL


def captured(width=320, height=240, number=0):
    return CapturedFrame(Pattern(width, height).draw(capture_ns(number)), capture_ns(number))


def encode(encoder, frame, *, keyframe=False):
    """Encode `frame` with the timestamp that follows from its capture time."""
    timestamp = (frame.capture_ns - START) * 9 // 100_000
    return encoder.encode(frame, timestamp, keyframe=keyframe)


def encoded(encoder, count, *, keyframes=()):
    pattern = Pattern(320, 240)
    return [
        encode(
            encoder,
            CapturedFrame(pattern.draw(capture_ns(n)), capture_ns(n)),
            keyframe=n in keyframes,
        )
        for n in range(count)
    ]


def decoded(codec, frames):
    decoder = open_decoder(codec)
    return [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]


def nal_units(data):
    return data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')[1:]


def nal_types(data):
    return [unit[0] & 0x1F for unit in nal_units(data)]


def slice_types(data):
    """Return the slice_type of each slice (H.264 sections 7.3.3 and 9.1)."""
    types = []
    for unit in nal_units(data):
        if unit[0] & 0x1F in (1, 5):
            bits = ''.join(f'{byte:08b}' for byte in unit[1:12])
            values = []
            while len(values) < 2:
                zeros = bits.index('1')
                values.append(int(bits[zeros : 2 * zeros + 1], 2) - 1)
                bits = bits[2 * zeros + 1 :]
            types.append(values[1] % 5)
    return types


@CODECS
def test_the_first_picture_is_a_keyframe_and_the_others_are_not(codec):
    frames = encoded(Encoder(Encoding(codec), 30.0), 40)
    assert [frame.keyframe for frame in frames] == [True] + [False] * 39


@CODECS
def test_a_keyframe_comes_when_it_is_asked_for(codec):
    frames = encoded(Encoder(Encoding(codec), 30.0), 12, keyframes=(5, 9))
    assert [n for n, frame in enumerate(frames) if frame.keyframe] == [0, 5, 9]
    assert len(decoded(codec, frames[5:])) == 7


@CODECS
def test_every_picture_comes_out_at_once_and_in_order(codec):
    encoder, decoder = Encoder(Encoding(codec), 30.0), open_decoder(codec)
    for n, frame in enumerate(encoded(encoder, 30)):
        (picture,) = decoder.decode(av.Packet(frame.data))
        assert read_clock(plane_pixels(picture.planes[0])) == capture_ns(n) // 1000 * 1000


@CODECS
def test_the_frame_keeps_its_codec_and_capture_time(codec):
    frame = encode(Encoder(Encoding(codec), 30.0), captured())
    assert (frame.codec, frame.time_ns) == (codec, START)


def test_h264_is_constrained_baseline():
    (sps,) = (
        unit
        for unit in nal_units(encode(Encoder(Encoding(Codec.H264), 30.0), captured()).data)
        if unit[0] & 0x1F == 7
    )
    profile_idc, constraints = sps[1], sps[2]
    assert profile_idc == 0x42
    assert constraints & 0xC0 == 0xC0  # constraint_set0 and constraint_set1


def test_the_profile_changes_at_a_keyframe():
    encoder = Encoder(Encoding(Codec.H264), 30.0)
    profiles, frames = [], []
    for number in range(9):
        encoder.x264 = HIGH if number in (3, 4, 5) else DEFAULT
        frames.append(encode(encoder, captured(number=number)))
        units = [unit for unit in nal_units(frames[-1].data) if unit[0] & 31 == 7]
        profiles += [unit[1] for unit in units]  # profile_idc, ITU-T H.264 section 7.3.2.1.1
    assert profiles == [66, 100, 66]
    assert [n for n, frame in enumerate(frames) if frame.keyframe] == [0, 3, 6]
    assert [n for n, frame in enumerate(frames) if frame.high] == [3, 4, 5]
    assert len(decoded(Codec.H264, frames)) == 9


def test_vp8_has_no_profile():
    encoder = Encoder(Encoding(Codec.VP8), 30.0)
    encode(encoder, captured())
    encoder.x264 = HIGH
    frame = encode(encoder, captured(number=1))
    assert not frame.keyframe
    assert not frame.high


def test_h264_keyframes_carry_their_parameter_sets():
    frames = encoded(Encoder(Encoding(Codec.H264), 30.0), 6, keyframes=(4,))
    for frame in (frames[0], frames[4]):
        types = nal_types(frame.data)
        assert types.index(7) < types.index(8) < types.index(5)
    assert not {7, 8, 5} & set(nal_types(frames[1].data))


def test_h264_has_no_b_frames():
    frames = encoded(Encoder(Encoding(Codec.H264), 30.0), 20)
    assert {kind for frame in frames for kind in slice_types(frame.data)} == {0, 2}  # P, I


@CODECS
def test_another_size_begins_with_a_keyframe(codec):
    encoder = Encoder(Encoding(codec), 30.0)
    sizes = [(320, 240), (320, 240), (160, 128), (160, 128), (320, 240)]
    frames = [encode(encoder, captured(*size, number=n)) for n, size in enumerate(sizes)]
    assert [frame.keyframe for frame in frames] == [True, False, True, False, True]
    assert [(p.width, p.height) for p in decoded(codec, frames)] == sizes
    timestamps = [frame.timestamp for frame in frames]
    assert timestamps == sorted(set(timestamps))


def plain(colour, width, height, pixel_format):
    pixels = np.full((height, width, 3), colour, np.uint8)
    picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
    return picture.reformat(format=pixel_format)


def shown_colour(codec, picture):
    """Return the colour in the middle of `picture` once it was encoded and decoded."""
    (displayed,) = decoded(
        codec, [encode(Encoder(Encoding(codec), 30.0), CapturedFrame(picture, START))]
    )
    assert (displayed.width % 2, displayed.height % 2) == (0, 0)
    assert abs(displayed.width - picture.width) <= 1
    assert abs(displayed.height - picture.height) <= 1
    pixels = displayed.to_ndarray(format='rgb24')
    return pixels[displayed.height // 2, displayed.width // 2].astype(int)


@CODECS
@pytest.mark.parametrize('colour', [RED, GREEN, BLUE, GREY])
@pytest.mark.parametrize('pixel_format', ['yuyv422', 'bgr24', 'yuvj420p', 'yuv420p', 'rgba'])
@pytest.mark.parametrize('size', [(160, 120), (161, 121)], ids=['even', 'odd'])
def test_colours_stay_right(codec, size, pixel_format, colour):
    displayed = shown_colour(codec, plain(colour, *size, pixel_format))
    assert np.abs(displayed - colour).max() <= 16


@CODECS
@pytest.mark.parametrize('colour', [(120, 0, 0), (230, 230, 230)])
@pytest.mark.parametrize('size', [(160, 120), (161, 121)], ids=['even', 'odd'])
def test_colours_of_the_full_range_stay_right(codec, size, colour):
    picture = plain(colour, *size, 'yuvj420p').reformat(
        format='yuv420p', src_color_range='JPEG', dst_color_range='JPEG'
    )
    assert (picture.format.name, picture.color_range) == ('yuv420p', ColorRange.JPEG)
    assert np.abs(shown_colour(codec, picture) - colour).max() <= 10


def test_a_picture_that_fits_is_not_copied():
    frame = captured()
    encoder = Encoder(Encoding(Codec.H264), 30.0)
    assert encoder._input.convert(frame.picture) is frame.picture


@CODECS
def test_a_time_base_of_the_source_does_not_matter(codec):
    encoder = Encoder(Encoding(codec), 30.0)
    frames = []
    for n in range(3):
        frame = captured(number=n)
        frame.picture.pts = 5 - n
        frame.picture.time_base = fractions.Fraction(1, 25)
        frames.append(encode(encoder, frame))
    assert [frame.timestamp for frame in frames] == pytest.approx([0, 3000, 6000], abs=1)


@CODECS
def test_the_payloads_hold_the_picture(codec):
    parameters = RTCRtpCodecParameters(f'video/{codec.value}', 90_000, payloadType=97)
    for frame in encoded(Encoder(Encoding(codec), 30.0), 5):
        data = b''.join(depayload(parameters, payload) for payload in frame.payloads)
        if codec is Codec.H264:
            assert nal_units(data) == nal_units(frame.data)
        else:
            assert data == frame.data
        assert max(map(len, frame.payloads)) <= LARGEST_PAYLOAD


def detailed(number):
    """Return a moving picture, 640x360, with more detail than a camera's."""
    luma = np.random.default_rng(0).integers(16, 235, (90, 160), np.uint8)
    planes = np.full((540, 640), 128, np.uint8)
    planes[:360] = np.roll(luma.repeat(4, 0).repeat(4, 1), 3 * number, axis=1)
    return CapturedFrame(av.VideoFrame.from_ndarray(planes, format='yuv420p'), capture_ns(number))


@CODECS
def test_a_keyframe_of_a_detailed_picture_is_bounded(codec):
    encoder = Encoder(Encoding(codec), 30.0)
    frames = [encode(encoder, detailed(n), keyframe=n == 30) for n in range(31)]
    at_once = automatic_bitrate(640, 360, 30.0) / 8 * VBV_SECONDS
    assert 0 < len(frames[30].data) <= 2 * at_once


@CODECS
def test_the_bit_rate_is_kept(codec):
    encoder = Encoder(Encoding(codec), 30.0, bitrate=500_000)
    frames = [encode(encoder, detailed(n)) for n in range(45)]
    bits = 8 * sum(len(frame.data) for frame in frames if frame)
    assert 250_000 < bits / 1.5 < 750_000


def noisy(number):
    """Return a picture that no encoder makes small, 640x360."""
    frame = detailed(number)
    luma = plane_pixels(frame.picture.planes[0])
    luma[:] = np.clip(luma + np.random.default_rng(number).integers(0, 20, luma.shape), 16, 235)
    return frame


def rates(encoder, bitrates):
    """Return the bit rate of the second after each change, settled, and the keyframes."""
    number, reached, keyframes = 0, [], []
    for bitrate in bitrates:
        encoder.bitrate = bitrate
        sizes = []
        for _ in range(45):
            frame = encode(encoder, noisy(number))
            sizes.append(8 * len(frame.data) if frame else 0)
            if frame and frame.keyframe:
                keyframes.append(number)
            number += 1
        reached.append(sum(sizes[15:]))
    return reached, keyframes


def textured(count, width, height):
    """Return pictures of a smooth texture that moves by parts of a pixel, as a camera's does."""
    texture = np.random.default_rng(1).uniform(16, 235, (height // 4 + 4, width // 4 + 4))
    texture = cv2.resize(texture, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    pictures = []
    for n in range(count):
        shift = np.float32([[1, 0, -1.3 * n], [0, 1, -0.6 * n]])
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        moved = cv2.warpAffine(texture, shift, (width, height), borderMode=cv2.BORDER_WRAP)
        planes[:height] = np.clip(moved, 16, 235)
        pictures.append(av.VideoFrame.from_ndarray(planes, format='yuv420p'))
    return pictures


def quality(pictures, frames):
    """Return the mean PSNR of luma in dB."""
    errors = [
        np.mean((plane_pixels(a.planes[0]).astype(float) - plane_pixels(b.planes[0])) ** 2)
        for a, b in zip(pictures, decoded(Codec.H264, frames), strict=True)
    ]
    return np.mean(10 * np.log10(255**2 / np.array(errors)))


@pytest.mark.parametrize(
    ('size', 'bitrate'), [((640, 360), 800_000), ((160, 120), 100_000)], ids=['large', 'small']
)
def test_h264_looks_better_than_the_fastest_preset_at_the_same_bit_rate(size, bitrate):
    pictures = textured(60, *size)
    shown = [CapturedFrame(p, capture_ns(n)) for n, p in enumerate(pictures)]

    def outcome(**settings):
        encoder = Encoder(Encoding(Codec.H264), 30.0, bitrate, **settings)
        frames = [encode(encoder, frame) for frame in shown]
        return quality(pictures, frames), 8 * sum(len(frame.data) for frame in frames) / 2

    ours, bits = outcome()
    fastest, _ = outcome(x264=X264Settings('ultrafast', ''))
    high, high_bits = outcome(x264=HIGH)
    assert ours > fastest + 2
    assert high > ours + 0.4
    assert high_bits <= 1.05 * bitrate
    assert bits <= 1.05 * bitrate


def test_vp8_looks_the_same_however_busy_the_machine_is():
    pictures = textured(30, 640, 360)

    def once():
        encoder = Encoder(Encoding(Codec.VP8), 30.0, 300_000)
        frames = [encode(encoder, CapturedFrame(p, capture_ns(n))) for n, p in enumerate(pictures)]
        return [frame and frame.data for frame in frames]

    assert once() == once()


def test_vp8_has_one_thread_however_large_its_pictures():
    context = open_encoder(Codec.VP8, 1920, 1080, 30.0, 4_000_000, SRGB_AS_BT601)
    assert context.thread_count == 1


@pytest.mark.parametrize(('size', 'expected'), [((320, 240), 1), ((640, 360), 2)])
def test_only_large_pictures_are_divided(size, expected, monkeypatch):
    monkeypatch.setattr('os.cpu_count', lambda: 4)
    data = encode(Encoder(Encoding(Codec.H264), 30.0), captured(*size)).data
    assert [unit[0] & 31 for unit in nal_units(data)].count(5) == expected


@CODECS
def test_the_bit_rate_follows_both_ways_without_a_keyframe(codec):
    bitrates = [1_000_000, 3_000_000, 300_000, 1_000_000]
    reached, keyframes = rates(Encoder(Encoding(codec), 30.0), bitrates)
    for rate, wanted in zip(reached, bitrates, strict=True):
        assert 0.5 * wanted < rate < 1.3 * wanted
    assert keyframes == [0]


@functools.cache
def noise():
    """Return a second of noisy pictures."""
    return [noisy(n) for n in range(30)]


def seconds_of(encoder, phases):
    """Return the kbit of each second of noisy pictures that come at these rates, as measured."""
    rate, time, number, kbits = FrameRate(encoder.fps), 0.0, 0, []
    for fps, seconds in phases:
        for _ in range(seconds):
            bits = 0
            for _ in range(fps):
                rate.note(time)
                encoder.fps = rate.value
                frame = encoder.encode(noise()[number % 30], round(90_000 * time))
                bits += 8 * len(frame.data) if frame else 0
                time += 1 / fps
                number += 1
            kbits.append(bits / 1000)
    return kbits


@CODECS
@pytest.mark.parametrize('fps', [5, 15, 30, 60])
def test_the_bit_rate_is_kept_whatever_rate_was_expected(codec, fps):
    kbits = seconds_of(Encoder(Encoding(codec), 30.0, 1_000_000), [(fps, 9)])
    assert 900 <= np.mean(kbits[3:]) <= 1050
    assert max(kbits) <= 1200


@CODECS
def test_the_bit_rate_is_kept_when_the_rate_of_the_pictures_changes(codec):
    """A webcam takes fewer pictures in the dark; the rate changes without a keyframe."""
    encoder = Encoder(Encoding(codec), 30.0, 1_000_000)
    kbits = seconds_of(encoder, [(30, 4), (15, 7), (60, 5)])
    for settled in (kbits[2:4], kbits[7:11], kbits[13:]):
        assert 880 <= np.mean(settled) <= 1070
    frames = [encode(encoder, noisy(n)) for n in range(3)]
    assert not any(frame.keyframe for frame in frames)


@pytest.mark.parametrize('factor', [2.9, 3.5, 3.9])
def test_a_bit_rate_that_rises_by_much_is_used(factor):
    """The buffer that bounds a keyframe would hold one picture of the higher rate."""
    pictures = [
        CapturedFrame(picture, number * 33_333_333)
        for number, picture in enumerate(textured(60, 320, 240))
    ]
    encoder = Encoder(Encoding(Codec.H264), 30.0, 200_000)
    encode(encoder, pictures[0])
    encoder.bitrate = int(200_000 * factor)
    bits = [8 * len(encode(encoder, picture).data) for picture in pictures]
    assert sum(bits[30:]) > 0.75 * encoder.bitrate


@CODECS
def test_a_bit_rate_out_of_reach_opens_the_encoder_again(codec):
    bitrates = [500_000, 500_000 * (HEADROOM + 1), 500_000]
    reached, keyframes = rates(Encoder(Encoding(codec), 30.0), bitrates)
    assert reached[1] > 2.5 * reached[0]
    assert reached[2] < 0.5 * reached[1]
    assert keyframes == [0, 45, 90]


@CODECS
def test_a_rate_too_low_for_all_pictures_is_kept_within_bounds(codec):
    encoder = Encoder(Encoding(codec), 30.0, bitrate=200_000)
    encode(encoder, noisy(0))
    encoder.bitrate = 60_000
    frames = [encode(encoder, noisy(n)) for n in range(1, 151)]
    bits = 8 * sum(len(frame.data) for frame in frames[30:] if frame)
    assert bits / 4 < 1.5 * 60_000


@CODECS
def test_a_keyframe_after_seconds_of_silence_is_bounded(codec):
    encoder = Encoder(Encoding(codec), 30.0, bitrate=500_000)
    for n in range(30):
        encode(encoder, noisy(n))
    frame = encode(encoder, noisy(120), keyframe=True)
    assert frame
    assert len(frame.data) < 5 * VBV_SECONDS * 500_000 / 8


@CODECS
def test_a_picture_after_one_that_cannot_be_encoded_is_encoded(codec):
    encoder = Encoder(Encoding(codec), 30.0)
    with pytest.raises((av.FFmpegError, ValueError)):
        encode(encoder, CapturedFrame(av.VideoFrame(1, 1, 'yuv420p'), START))
    assert encode(encoder, captured(number=1)).keyframe
