import logging
import queue
from dataclasses import replace

import av
import pytest
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from support.media.colour_charts import (
    BT709,
    COLOURS,
    LIMITED,
    chart,
    difference,
    write_chart,
)

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.codec import recent_frames
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.passthrough import (
    Passthrough,
    PassthroughListener,
    PassthroughState,
)
from webrtc_bridge.media.frames import AccessUnit, Codec
from webrtc_bridge.media.h264.units import IDR_SLICE, PATIENCE_NS, SPS, kind, nal_units
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp.payloader import LARGEST_PAYLOAD
from webrtc_bridge.media.rtp.rtp_time import RtpTime

START = 1_700_000_000_000_000_000
INTERVAL = 33_333_000
DEADLINE = 20.0
SUPPLEMENTAL = 6
'Enhancement information (nal_unit_type), such as recovery points.'


def access_units(count, profile='baseline', **options):
    """Return the access units of a camera that sends a keyframe every 10 pictures."""
    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height, context.pix_fmt = 320, 240, 'yuv420p'
    context.framerate, context.gop_size = 30, 10
    context.options = {'tune': 'zerolatency', 'profile': profile, **options}
    pattern = Pattern(320, 240)
    units = []
    for n in range(count):
        picture = pattern.draw(START + n * INTERVAL)
        picture.pts = n
        (packet,) = context.encode(picture)
        units.append(AccessUnit(bytes(packet), START + n * INTERVAL))
    return units


def without_parameter_sets(unit):
    kept = [nal for nal in nal_units(unit.data) if kind(nal) not in (7, 8)]
    return AccessUnit(b''.join(b'\0\0\0\1' + nal for nal in kept), unit.capture_ns)


class PassthroughHarness:
    """A passthrough and its output."""

    def __init__(self, *watched):
        self.watched = frozenset(watched)
        self.bridged = False
        self.passed = []
        self.starts = 0
        self.pictures = queue.Queue()
        self.passthrough = Passthrough(
            'cam',
            RtpTime(),
            PassthroughListener(
                watched=lambda: Codec.H264 in self.watched,
                wants_pictures=lambda passed_as: self.bridged or bool(self.watched - {passed_as}),
                on_start=self.start,
                on_frame=self.passed.append,
                on_picture=self.pictures.put,
                on_no_pictures=lambda: self.pictures.put(None),
            ),
        )

    def start(self):
        self.starts += 1

    def put(self, units):
        for unit in units:
            self.passthrough.put(unit)


@pytest.fixture
def harness_for():
    harnesses = []

    def make(*watched):
        harnesses.append(PassthroughHarness(*watched))
        return harnesses[-1]

    yield make
    for harness in harnesses:
        harness.passthrough.close()
        harness.passthrough.close()


def test_access_units_are_passed_on_as_they_are(harness_for):
    units = access_units(25)
    harness = harness_for(Codec.H264)
    harness.put(units)
    assert [frame.data for frame in harness.passed] == [unit.data for unit in units]
    assert [n for n, frame in enumerate(harness.passed) if frame.keyframe] == [0, 10, 20]
    assert [frame.time_ns for frame in harness.passed] == [unit.capture_ns for unit in units]
    assert [frame.timestamp for frame in harness.passed] == [
        pytest.approx(3000 * n, abs=2) for n in range(25)
    ]
    assert harness.starts == 1
    assert harness.pictures.empty()


def test_the_payloads_hold_the_access_unit(harness_for):
    parameters = RTCRtpCodecParameters('video/H264', 90_000, payloadType=97)
    harness = harness_for(Codec.H264)
    harness.put(access_units(12))
    for frame in harness.passed:
        data = b''.join(depayload(parameters, payload) for payload in frame.payloads)
        assert list(nal_units(data)) == list(nal_units(frame.data))
        assert max(map(len, frame.payloads)) <= LARGEST_PAYLOAD


def test_passing_starts_at_a_keyframe(harness_for):
    units = access_units(25)
    harness = harness_for(Codec.H264)
    harness.put(units[3:])
    assert [frame.data for frame in harness.passed] == [unit.data for unit in units[10:]]


def test_parameter_sets_sent_once_precede_every_keyframe(harness_for):
    units = access_units(25)
    harness = harness_for(Codec.H264)
    harness.put([units[0], *map(without_parameter_sets, units[1:])])
    for number in (10, 20):
        kinds = [kind(unit) for unit in nal_units(harness.passed[number].data)]
        assert kinds.index(SPS) < kinds.index(IDR_SLICE)


def test_parameter_sets_may_come_in_a_message_of_their_own(harness_for):
    units = access_units(12)
    sets = [unit for unit in nal_units(units[0].data) if kind(unit) in (7, 8)]
    alone = AccessUnit(b''.join(b'\0\0\0\1' + unit for unit in sets), START)
    harness = harness_for(Codec.H264)
    harness.put([alone, *map(without_parameter_sets, units)])
    assert len(harness.passed) == 12
    assert SPS in map(kind, nal_units(harness.passed[0].data))


def test_without_parameter_sets_nothing_is_passed(harness_for):
    harness = harness_for(Codec.H264)
    harness.put(map(without_parameter_sets, access_units(12)))
    assert harness.passed == []


def test_a_stream_that_is_joined_long_before_its_next_keyframe_is_reported_once(
    harness_for, caplog
):
    units = access_units(12)
    harness = harness_for(Codec.H264)
    early = [
        replace(unit, capture_ns=START + n * 1_000_000_000) for n, unit in enumerate(units[1:9])
    ]
    harness.put(early[:3])  # no more than 2 s of it
    assert caplog.records == []
    harness.put(early[3:])
    (record,) = caplog.records
    assert record.levelname == 'WARNING'
    assert 'cannot be shown before its next keyframe' in record.getMessage()
    harness.put(units[10:])
    assert len(harness.passed) == 2


def test_a_viewer_of_another_codec_gets_pictures_that_are_not_encoded_as_h264_again(harness_for):
    harness = harness_for(Codec.H264, Codec.VP8)
    units = access_units(12)
    harness.put(units)
    captured = harness.pictures.get(timeout=DEADLINE)
    assert captured.passed_as is Codec.H264
    displayed = read_clock(plane_pixels(captured.picture.planes[0]))
    assert displayed == captured.capture_ns // 1000 * 1000
    assert len(harness.passed) == 12


def assert_shows(captured, unit):
    assert captured.capture_ns == unit.capture_ns
    displayed = read_clock(plane_pixels(captured.picture.planes[0]))
    assert displayed == unit.capture_ns // 1000 * 1000


@pytest.mark.parametrize('profile', ['baseline', 'high'])
def test_who_comes_between_keyframes_gets_the_newest_picture_at_once(harness_for, profile):
    units = access_units(10, profile, bframes='0')
    harness = harness_for()
    harness.put(units[:8])
    harness.passthrough.demand()
    assert harness.pictures.empty()
    harness.watched = frozenset([Codec.VP8])
    harness.passthrough.demand()
    assert_shows(harness.pictures.get(timeout=DEADLINE), units[7])
    harness.put(units[8:9])
    assert_shows(harness.pictures.get(timeout=DEADLINE), units[8])
    harness.watched = frozenset()
    harness.put(units[9:])
    assert harness.pictures.get(timeout=DEADLINE) is None


def test_who_waits_for_a_keyframe_gets_pictures_of_what_is_passed_through(harness_for):
    units = access_units(8)
    harness = harness_for(Codec.H264)
    harness.put(units)
    harness.bridged = True
    harness.passthrough.demand()
    captured = harness.pictures.get(timeout=DEADLINE)
    assert captured.passed_as is Codec.H264
    assert_shows(captured, units[7])
    assert len(harness.passed) == 8


@pytest.mark.parametrize('bound', ['MOST_FRAMES', 'MOST_BYTES', 'MOST_NS'])
def test_what_cannot_be_kept_is_decoded_until_the_next_keyframe(harness_for, monkeypatch, bound):
    monkeypatch.setattr(recent_frames, bound, 4 if bound == 'MOST_FRAMES' else 1000)
    units = access_units(20)
    harness = harness_for()
    harness.put(units[:9])
    pictures = [harness.pictures.get(timeout=DEADLINE)]
    while pictures[-1].capture_ns < units[8].capture_ns:
        pictures.append(harness.pictures.get(timeout=DEADLINE))
    monkeypatch.undo()
    harness.put(units[10:])
    while harness.pictures.get(timeout=DEADLINE) is not None:
        pass
    assert harness.pictures.empty()


def without_messages(unit):
    kept = [nal for nal in nal_units(unit.data) if kind(nal) != SUPPLEMENTAL]
    return AccessUnit(b''.join(b'\0\0\0\1' + nal for nal in kept), unit.capture_ns)


@pytest.mark.parametrize('tells_recovery_points', [True, False])
def test_a_stream_with_intra_refresh_is_decoded(
    harness_for, monkeypatch, caplog, tells_recovery_points
):
    monkeypatch.setattr('webrtc_bridge.media.codec.decoding_thread.BACKLOG', 90)
    caplog.set_level(logging.INFO)
    units = access_units(130, **{'x264-params': 'intra-refresh=1:keyint=30'})
    if not tells_recovery_points:
        units = [without_messages(unit) for unit in units]
    sets = [unit for unit in nal_units(units[0].data) if kind(unit) in (7, 8)]
    alone = AccessUnit(b''.join(b'\0\0\0\1' + unit for unit in sets), START)
    assert not any(kind(nal) == IDR_SLICE for unit in units[1:] for nal in nal_units(unit.data))
    harness = harness_for(Codec.H264)
    patience = round(PATIENCE_NS / INTERVAL)
    harness.put([alone, *units[35 : 35 + patience]])
    assert harness.pictures.empty()
    assert harness.passthrough.state is PassthroughState.WAITING
    harness.put(units[35 + patience :])
    captured = harness.pictures.get(timeout=DEADLINE)
    while captured.capture_ns < units[-1].capture_ns:
        captured = harness.pictures.get(timeout=DEADLINE)
    assert captured.passed_as is None
    assert_shows(captured, units[-1])
    assert 'H.264 is transcoded: no keyframe in 2 s' in caplog.text
    assert harness.passed == []


def test_a_stream_that_was_joined_between_keyframes_is_decoded_until_the_next(harness_for):
    units = access_units(75, **{'x264-params': 'keyint=70'})
    sets = [unit for unit in nal_units(units[0].data) if kind(unit) in (7, 8)]
    alone = AccessUnit(b''.join(b'\0\0\0\1' + unit for unit in sets), START)
    harness = harness_for(Codec.H264)
    harness.put([alone, *units[3:70]])
    assert harness.pictures.get(timeout=DEADLINE).passed_as is None
    assert harness.passed == []
    harness.put(units[70:])
    assert [frame.data for frame in harness.passed] == [unit.data for unit in units[70:]]


def test_a_closed_one_passes_nothing(harness_for):
    harness = harness_for(Codec.H264)
    harness.put(access_units(3))
    harness.passthrough.close()
    harness.bridged = True
    harness.passthrough.demand()
    assert not harness.passthrough.passes
    assert harness.pictures.empty()


def test_another_profile_is_decoded_for_all_viewers_and_that_is_logged_once(harness_for, caplog):
    caplog.set_level(logging.INFO)
    harness = harness_for(Codec.H264)
    harness.put(access_units(25, profile='high'))
    assert harness.pictures.get(timeout=DEADLINE).passed_as is None
    assert harness.passed == []
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        'cam: H.264 is transcoded: High, but only Constrained Baseline is accepted by all viewers'
    ]


def test_the_profile_may_change(harness_for, caplog):
    caplog.set_level(logging.INFO)
    harness = harness_for(Codec.H264)
    harness.put(access_units(3, profile='high'))
    harness.pictures.get(timeout=DEADLINE)
    harness.put(access_units(3))
    assert len(harness.passed) == 3
    assert harness.starts == 1
    assert 'passed through' in caplog.text


def test_without_viewers_nothing_is_passed_or_decoded(harness_for):
    harness = harness_for()
    harness.put(access_units(12))
    assert harness.passed == []
    assert harness.pictures.empty()


@pytest.mark.parametrize('data', [b'', b'nonsense', b'\0\0\1', b'\0\0\1\x65', b'\0\0\1\x41' * 40])
def test_garbage_is_ignored(harness_for, data):
    harness = harness_for(Codec.H264, Codec.VP8)
    harness.put([AccessUnit(data, START)])
    harness.put(access_units(2))
    harness.put([AccessUnit(data, START)])
    assert len(harness.passed) >= 2


def test_any_bytes_can_be_cut(harness_for):
    unit = access_units(1)[0].data
    harness = harness_for(Codec.H264)
    for end in range(len(unit)):
        harness.put(
            [AccessUnit(unit[:end], START), AccessUnit(unit[:end] + unit[: end % 99], START)]
        )


@pytest.mark.parametrize('full', [False, True], ids=['limited', 'full'])
def test_hd_video_that_declares_no_matrix_declares_bt709(tmp_path, harness_for, full):
    pixels = 'yuvj420p' if full else 'yuv420p'
    picture = chart(COLOURS[0], BT709, full, pixels, (64, 578), declared=False)
    path = write_chart(tmp_path / 'film.h264', picture, options={'profile': 'baseline', 'g': '2'})
    harness = harness_for(Codec.H264, Codec.VP8)
    with av.open(str(path)) as film:
        harness.put(AccessUnit(bytes(p), START + n) for n, p in enumerate(film.demux()) if p.size)
    decoder = open_decoder(Codec.H264)
    for frame in harness.passed:
        (seen,) = decoder.decode(av.Packet(frame.data))
        assert (seen.colorspace, seen.color_primaries, seen.color_trc) == (BT709, 1, 1)
        assert difference(seen, COLOURS[0]) <= 3
    decoded = harness.pictures.get(timeout=DEADLINE).picture
    assert decoded.color_range == LIMITED
    assert difference(decoded, COLOURS[0]) <= 3
