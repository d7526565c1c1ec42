from types import SimpleNamespace

import av
import pytest
from av.bitstream import BitStreamFilterContext
from support.media.video_files import RED, write_video

from webrtc_bridge.errors import SourceUnreadable
from webrtc_bridge.media.capture.av_errors import device_error
from webrtc_bridge.media.capture.av_source import (
    AvPackets,
    AvSource,
    picture_rate,
    prepare_decoder,
    video_stream,
)
from webrtc_bridge.media.frames import AccessUnit, CapturedFrame
from webrtc_bridge.media.h264.packets import H264Packets

FPS = 20


class StreamTime:
    """A clock that is that of the stream, so that a test can compute every capture time."""

    def arrived(self, pts_ns, now):
        pass

    def capture_ns(self, pts_ns, now):
        return pts_ns


class DamagedCamera:
    """A container as FFmpeg's V4L2 input is one: before each packet, one of a damaged buffer."""

    def __init__(self, container):
        self._container = container
        self.streams = container.streams

    def demux(self, stream):
        for packet in self._container.demux(stream):
            if packet.size:
                damaged = av.Packet(0)
                damaged.pts, damaged.time_base = packet.pts, packet.time_base
                yield damaged
            yield packet

    def close(self):
        self._container.close()


class RefreshingCamera(DamagedCamera):
    """A stream without keyframes and without recovery points, as with some intra refresh."""

    def demux(self, stream):
        unmarked = BitStreamFilterContext('filter_units=remove_types=6', stream)
        packets = [packet for packet in self._container.demux(stream) if packet.size]
        for packet in packets[3:]:
            (bare,) = unmarked.filter(packet)
            bare.stream = stream
            yield bare


@pytest.fixture
def film(tmp_path):
    """Write a film and open it as a source would be; it is closed at the end of the test."""
    opened = []

    def open_film(**values):
        container = av.open(str(write_video(tmp_path / 'film.mkv', fps=FPS, **values)))
        opened.append(container)
        prepare_decoder('film.mkv', container)
        return container

    yield open_film
    for container in opened:
        container.close()


def read_all(source):
    """Return all that `source` delivers until its end, the signs of life too."""
    delivered = []

    def read_on():
        while True:
            delivered.append(source.read())

    with pytest.raises(SourceUnreadable, match='the stream ended'):
        read_on()
    return delivered


def test_each_picture_has_its_own_time_with_b_frames(film):
    options = {'bf': '2', 'x264-params': 'b-adapt=0'}
    container = film(frames=30, options=options)
    with av.open(container.name) as packets:
        stamps = [packet.pts for packet in packets.demux(video=0) if packet.size]
    assert stamps != sorted(stamps)
    times = [frame.capture_ns for frame in read_all(stream_source(container)) if frame]
    assert times == [n * 1_000_000_000 // FPS for n in range(len(times))]
    assert len(times) >= 27


def stream_source(container, passed=None):
    return AvSource(AvPackets('film.mkv', container, device_error), StreamTime(), passed=passed)


def test_a_damaged_buffer_costs_its_picture_and_not_the_camera(film):
    delivered = read_all(stream_source(DamagedCamera(film(codec='mjpeg', frames=5))))
    kinds = [type(frame) for frame in delivered]
    assert kinds == [type(None), CapturedFrame] * 5


def test_a_damaged_buffer_costs_no_access_unit_that_is_passed_through(film):
    container = film(frames=5, options={'profile': 'baseline'})
    passed = H264Packets(video_stream(container))
    delivered = read_all(stream_source(DamagedCamera(container), passed))
    assert [type(frame) for frame in delivered] == [type(None), AccessUnit] * 5


def test_a_camera_of_damaged_buffers_alone_is_given_up(film, monkeypatch):
    monkeypatch.setattr('webrtc_bridge.media.capture.av_source.DECODE_TIMEOUT', -1.0)
    source = stream_source(DamagedCamera(film(codec='mjpeg')))
    with pytest.raises(SourceUnreadable, match='no picture could be decoded'):
        source.read()


def test_a_stream_without_keyframes_is_decoded_after_a_while(film, monkeypatch):
    refresh = {'profile': 'high', 'x264-params': 'intra-refresh=1:keyint=10:bframes=0'}
    delivered = read_all(stream_source(RefreshingCamera(film(frames=30, options=refresh))))
    assert not any(delivered)
    monkeypatch.setattr('webrtc_bridge.media.capture.av_source.PATIENCE_NS', -1)
    source = stream_source(RefreshingCamera(film(frames=30, options=refresh)))
    newest = [frame for frame in read_all(source) if frame][-1].picture
    red, green, blue = newest.to_ndarray(format='rgb24').mean(axis=(0, 1))
    assert (red, green, blue) == pytest.approx(RED, abs=10)


@pytest.mark.parametrize(('declared', 'believed'), [(25, 25.0), (240, 240.0), (90000, None)])
def test_an_absurd_frame_rate_is_not_believed(declared, believed):
    assert picture_rate(SimpleNamespace(average_rate=declared)) == believed
