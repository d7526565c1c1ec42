"""The encoder of one layer, without a source of its own."""

import functools
import itertools
import math

import av
import numpy as np
import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.h264.units import IDR_SLICE, SPS, kind, nal_units

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.layer_encoder import LayerEncoder, PictureFormat

ANNOUNCED = 30
BITRATE = 1_000_000
DEADLINE = 60
CONSTRAINED_BASELINE, HIGH = 66, 100
BASELINE = ProfileChoice()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Take no machine for too slow: pictures come as fast as they are encoded."""
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.STRAINED', math.inf)


@functools.cache
def noise() -> list[bytes]:
    """Return pictures that no encoder makes small, 640x360 in I420."""
    pictures = []
    for number in range(30):
        planes = np.full((540, 640), 128, np.uint8)
        coarse = np.random.default_rng(0).integers(16, 215, (90, 160)).repeat(4, 0).repeat(4, 1)
        coarse = np.roll(coarse, 3 * number, axis=1)
        planes[:360] = coarse + np.random.default_rng(number).integers(0, 20, coarse.shape)
        pictures.append(planes.tobytes())
    return pictures


def seconds_of(
    layer: Layer,
    phases: list[tuple[int, int]],
    bitrate: int = BITRATE,
    codec: Codec = Codec.H264,
) -> list[float]:
    """Return the kbit of each second of pictures that come at these rates, for so many seconds."""
    kbits = [0.0] * sum(seconds for _, seconds in phases)
    encoded = frames_of(layer, phases, bitrate, codec)
    for time, data in encoded:
        kbits[(time - encoded[0][0] + Gst.MSECOND) // Gst.SECOND] += 8 * len(data) / 1000
    return kbits


def frames_of(
    layer: Layer,
    phases: list[tuple[int, int]],
    bitrate: int = BITRATE,
    codec: Codec = Codec.H264,
    profile: ProfileChoice = BASELINE,
    scalable: bool = True,
) -> list[tuple[int, bytes]]:
    """Return the time (ns) and the frame of each picture."""
    picture_format = PictureFormat((640, 360), float(ANNOUNCED), scalable)
    encoding = Encoding(codec, layer)
    encoder = LayerEncoder(KINDS['x264enc'], encoding, picture_format, bitrate, profile)
    encoder.element.get_by_name('queue').set_property('leaky', 0)  # no picture is to be replaced
    encoder.set_watched(True)
    pipeline, source, sink = (
        Gst.Pipeline.new('pipeline'),
        Gst.ElementFactory.make('appsrc'),
        Gst.ElementFactory.make('fakesink'),
    )
    caps = f'video/x-raw,format=I420,width=640,height=360,framerate={ANNOUNCED}/1'
    source.set_property('caps', Gst.Caps.from_string(caps))
    source.set_property('format', Gst.Format.TIME)
    source.set_property('block', True)
    sink.set_property('sync', False)
    encoded: list[tuple[int, bytes]] = []

    def on_encoded(_, info):
        buffer = info.get_buffer()
        encoded.append((buffer.pts, buffer.extract_dup(0, buffer.get_size())))
        return Gst.PadProbeReturn.OK

    for element in (source, encoder.element, sink):
        pipeline.add(element)
    source.link(encoder.element)
    encoder.element.link(sink)
    sink.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, on_encoded)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        push(source, phases)
        end = Gst.MessageType.EOS | Gst.MessageType.ERROR
        message = pipeline.get_bus().timed_pop_filtered(DEADLINE * Gst.SECOND, end)
        assert message.type == Gst.MessageType.EOS
    finally:
        pipeline.set_state(Gst.State.NULL)
    return encoded


def push(source, phases):
    time, number = 0.0, 0
    for fps, seconds in phases:
        for _ in range(fps * seconds):
            buffer = Gst.Buffer.new_wrapped(noise()[number % 30])
            buffer.pts, buffer.duration = int(time * Gst.SECOND), Gst.SECOND // fps
            source.emit('push-buffer', buffer)
            time += 1 / fps
            number += 1
    source.emit('end-of-stream')


@pytest.mark.parametrize('fps', [5, 15, 30, 60])
def test_the_bit_rate_is_kept_whatever_rate_the_caps_announce(fps) -> None:
    kbits = seconds_of(Layer.FULL, [(fps, 9)])
    assert 900 <= np.mean(kbits[3:]) <= 1050
    assert max(kbits) <= 1200


def test_the_bit_rate_is_kept_when_the_rate_of_the_pictures_changes() -> None:
    kbits = seconds_of(Layer.FULL, [(30, 5), (15, 7), (60, 5)])
    for settled in (kbits[2:5], kbits[8:12], kbits[14:]):
        assert 880 <= np.mean(settled) <= 1070


def test_the_small_layer_keeps_its_bit_rate_though_it_leaves_pictures_out() -> None:
    kbits = seconds_of(Layer.SMALL, [(60, 9)], 100_000)
    assert 85 <= np.mean(kbits[4:]) <= 110


@pytest.mark.parametrize('fps', [15, 30])
def test_vp8_keeps_its_bit_rate_too(fps) -> None:
    kbits = seconds_of(Layer.FULL, [(fps, 7)], codec=Codec.VP8)
    assert 700 <= np.mean(kbits[2:]) <= 1200


def test_a_picture_of_vp8_after_a_pause_has_not_the_bits_of_all_of_it() -> None:
    kbits = seconds_of(Layer.FULL, [(30, 3), (1, 5)], codec=Codec.VP8)
    assert all(0 < kbit < 500 for kbit in kbits[4:])


@pytest.mark.parametrize(('layer', 'expected'), [(Layer.SMALL, 1), (Layer.FULL, 2)])
def test_only_large_pictures_are_divided(layer, expected, monkeypatch) -> None:
    monkeypatch.setattr('os.cpu_count', lambda: 4)
    (_, data), *_ = frames_of(layer, [(30, 1)])
    units = data.split(b'\0\0\1')[1:]
    assert [unit[0] & 31 for unit in units].count(5) == expected


def test_x264_deblocks_and_moves_by_parts_of_a_pixel() -> None:
    (_, data), *_ = frames_of(Layer.FULL, [(30, 1)])
    settings = data[data.index(b'x264 - core') :].split(b'\0')[0].split()  # x264 writes them (SEI)
    assert b'deblock=1:0:0' in settings
    assert b'subme=1' in settings


class Switching(ProfileChoice):
    """High, but for the pictures 10 to 19."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = -1

    def is_high(self, now: float) -> bool:
        self.asked += 1
        return not 10 <= self.asked - 1 < 20  # the first one asks before there is a picture


@pytest.mark.parametrize('layer', Layer)
def test_the_profile_changes_at_a_keyframe(layer) -> None:
    frames = [data for _, data in frames_of(layer, [(30, 1)], profile=Switching())]
    profiles = {
        number: unit[1]
        for number, data in enumerate(frames)
        for unit in nal_units(data)
        if kind(unit) == SPS
    }
    assert profiles == {0: HIGH, 10: CONSTRAINED_BASELINE, 20: HIGH}
    keyframes = [IDR_SLICE in map(kind, nal_units(data)) for data in frames]
    assert [number for number, keyframe in enumerate(keyframes) if keyframe] == [0, 10, 20]
    decoder = open_decoder(Codec.H264)
    assert sum(len(decoder.decode(av.Packet(data))) for data in frames) == len(frames) == 30


def test_an_encoder_that_is_not_known_to_make_it_stays_in_baseline() -> None:
    profile = ProfileChoice()
    profile.note(True, 0.0)
    picture_format = PictureFormat((640, 360), float(ANNOUNCED), scalable=True)
    encoding = Encoding(Codec.H264)
    encoder = LayerEncoder(KINDS['openh264enc'], encoding, picture_format, BITRATE, profile)
    caps = encoder.element.get_by_name('profile').get_property('caps').to_string()
    assert 'constrained-baseline' in caps
    assert 'high' not in caps


@pytest.mark.parametrize('codec', Codec)
@pytest.mark.parametrize(
    ('layer', 'sizes'),
    [
        (Layer.FULL, [(640, 360), (426, 240), (320, 180)]),
        (Layer.SMALL, [(320, 180), (212, 120)]),  # smaller ones are of no use
    ],
)
def test_a_machine_that_cannot_keep_up_sends_smaller_and_then_fewer_pictures(
    layer, sizes, codec, monkeypatch, caplog
) -> None:
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.STRAINED', 0.0)
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.WINDOW', 0.0)
    frames = frames_of(layer, [(30, 4)], codec=codec)
    decoder = open_decoder(codec)
    pictures = [picture for _, data in frames for picture in decoder.decode(av.Packet(data))]
    assert len(pictures) == len(frames)
    shown = [(picture.width, picture.height) for picture in pictures]
    assert [size for size, _ in itertools.groupby(shown)] == sizes
    assert decoder.sample_aspect_ratio in (None, 0, 1)
    intervals = [b - a for (a, _), (b, _) in itertools.pairwise(frames)]
    assert intervals[0] == pytest.approx(Gst.SECOND / 30, rel=0.01)
    assert intervals[-3:] == pytest.approx([4 * Gst.SECOND / 30] * 3, rel=0.01)
    warnings = [record for record in caplog.records if record.levelname == 'WARNING']
    assert [record.getMessage() for record in warnings] == [
        'encoding {}x{} takes this machine too long: sending {}x{} until there is room'.format(
            *sizes[0], *sizes[1]
        )
    ]


def test_pictures_that_cannot_be_scaled_become_fewer_at_once(monkeypatch) -> None:
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.STRAINED', 0.0)
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.WINDOW', 0.0)
    frames = frames_of(Layer.FULL, [(30, 4)], scalable=False)
    assert frames[-1][0] - frames[-2][0] == pytest.approx(6 * Gst.SECOND / 30, rel=0.01)
    decoder = open_decoder(Codec.H264)
    sizes = {p.width for _, data in frames for p in decoder.decode(av.Packet(data))}
    assert sizes == {640}
