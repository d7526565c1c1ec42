import av
import pytest
from support.media.video_files import write_video

from webrtc_bridge.media.h264.packets import H264Packets, declared_profile, packets_to_pass
from webrtc_bridge.media.h264.units import (
    DELIMITER,
    IDR_SLICE,
    PPS,
    SLICE,
    SPS,
    ParameterSets,
    Profile,
    kind,
    nal_units,
)

SEQUENCE, PICTURE, OTHER_PICTURE = b'\x67\x42\xc0\x1e', b'\x68\xce\x3c', b'\x68\x5a\x3c'
IDR, INTER, BOUNDARY = b'\x65\x88\x84', b'\x41\x9a\x02', b'\x09\xf0'


def stream(*units, code=b'\0\0\0\1'):
    return b''.join(code + unit for unit in units)


@pytest.mark.parametrize('code', [b'\0\0\1', b'\0\0\0\1', b'\0\0\0\0\0\1'])
def test_units_are_found_behind_start_codes_of_any_length(code):
    assert list(nal_units(stream(SEQUENCE, PICTURE, IDR, code=code))) == [SEQUENCE, PICTURE, IDR]


@pytest.mark.parametrize('data', [b'', b'\0\0\1', b'\0\0\1\0\0\1', b'nonsense', b'\0\0'])
def test_nothing_has_no_units(data):
    assert list(nal_units(data)) == []


def completed(sets, *units):
    sets.note(list(units))
    return list(nal_units(sets.completed(stream(*units), list(units))))


def test_a_keyframe_without_parameter_sets_gets_the_newest():
    sets = ParameterSets()
    completed(sets, b'\x67\x42\x00\x0a', b'\x68\x11', IDR)
    completed(sets, SEQUENCE, PICTURE, OTHER_PICTURE, IDR)
    assert completed(sets, IDR) == [SEQUENCE, PICTURE, OTHER_PICTURE, IDR]


def test_parameter_sets_follow_the_delimiter():
    sets = ParameterSets()
    sets.note([SEQUENCE, PICTURE])
    units = completed(sets, BOUNDARY, IDR)
    assert [kind(unit) for unit in units] == [DELIMITER, SPS, PPS, IDR_SLICE]


def test_a_unit_with_parameter_sets_or_without_a_keyframe_is_not_changed():
    sets = ParameterSets()
    sets.note([SEQUENCE, PICTURE])
    for units in ([SEQUENCE, PICTURE, IDR], [INTER], [BOUNDARY, INTER]):
        data = stream(*units, code=b'\0\0\1')
        assert sets.completed(data, units) is data


@pytest.mark.parametrize(
    ('numbers', 'name', 'is_baseline'),
    [
        (b'\x42\xc0', 'Constrained Baseline', True),
        (b'\x42\xe0', 'Constrained Baseline', True),
        (b'\x42\x00', 'Baseline', True),
        (b'\x4d\x00', 'Main', False),
        (b'\x4d\x80', 'Main', True),
        (b'\x64\x00', 'High', False),
        (b'\x64\xc0', 'High', False),
        (b'\x07\x00', 'of profile 7', False),
        (b'', 'of profile 0', False),
    ],
)
def test_the_profile_is_read(numbers, name, is_baseline):
    profile = Profile(b'\x67' + numbers + b'\x1e' if numbers else b'\x67')
    assert (str(profile), profile.is_baseline) == (name, is_baseline)


@pytest.fixture
def film(tmp_path):
    """Open a film of `codec` with encoder `options`."""
    opened = []

    def make(name, codec='libx264', **options):
        container = av.open(str(write_video(tmp_path / name, codec, options=options)))
        opened.append(container)
        return container

    yield make
    for container in opened:
        container.close()


@pytest.mark.parametrize('name', ['film.mp4', 'film.mkv', 'film.h264'])
def test_packets_of_any_container_become_a_byte_stream_with_parameter_sets(film, name):
    container = film(name, profile='baseline', g='5')
    packets = packets_to_pass(name, container.streams.video[0])
    assert packets is not None
    found = [packets.access_unit(packet) for packet in container.demux(video=0) if packet.size]
    kinds = [[kind(unit) for unit in nal_units(data)] for data in found]
    assert [IDR_SLICE in those for those in kinds] == [True, *[False] * 4] * 2
    assert kinds[0].index(SPS) < kinds[0].index(PPS) < kinds[0].index(IDR_SLICE)


def test_the_first_packet_gets_the_parameter_sets_of_the_stream_even_between_keyframes(film):
    container = film('film.h264', profile='baseline', g='5')
    packets = H264Packets(container.streams.video[0])
    found = [packets.access_unit(p) for p in list(container.demux(video=0))[2:5] if p.size]
    kinds = [[kind(unit) for unit in nal_units(data)] for data in found]
    assert kinds == [[SPS, PPS, SLICE], [SLICE], [SLICE]]


@pytest.mark.parametrize(
    ('codec', 'options', 'said'),
    [
        ('libx264', {'profile': 'high'}, 'transcoding its H.264 High: only Constrained Baseline'),
        ('libx264', {'profile': 'main'}, 'transcoding its H.264 Main: only Constrained Baseline'),
        ('mjpeg', {}, 'transcoding its mjpeg'),
    ],
)
def test_the_reason_for_transcoding_is_logged(film, caplog, codec, options, said):
    caplog.set_level('INFO')
    stream = film('film.mkv', codec, **options).streams.video[0]
    assert packets_to_pass('cam', stream) is None
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f'cam: {said}')


def test_a_stream_that_declares_no_profile_has_none():
    assert declared_profile(b'') is None
    assert declared_profile(stream(PICTURE)) is None
    assert str(declared_profile(stream(SEQUENCE, PICTURE))) == 'Constrained Baseline'
