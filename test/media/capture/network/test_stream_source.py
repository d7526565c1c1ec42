import contextlib
import itertools
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import pytest
from support.media.video_files import write_video
from support.programs import SUPPORT

from webrtc_bridge.errors import SourceError, SourceForbidden, SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture.av_source import AvSource
from webrtc_bridge.media.capture.camera import Camera, CameraState
from webrtc_bridge.media.capture.file_source import FileSource
from webrtc_bridge.media.capture.network import snapshot_source, stream_source
from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.media.frames import AccessUnit
from webrtc_bridge.media.h264.units import IDR_SLICE, PPS, SPS, kind, nal_units
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import SourceOptions

DEADLINE = 20.0
RTSP_SERVER = SUPPORT / 'media/rtsp_server.py'
PYTHON = '/usr/bin/python3'


class CameraPage(BaseHTTPRequestHandler):
    """
    An IP camera: a JPEG every 50 ms at /mjpeg, some of them and then silence at /silent.

    /mjpeg?8 has eight a second, /snapshot one JPEG. All else is a file of `folder`, of which ?made
    sends no length, and ?live only the first half at once.
    """

    jpeg = b''
    folder = None
    requests = 0

    def do_GET(self):
        CameraPage.requests += 1
        path, _, manner = self.path[1:].partition('?')
        file = self.folder / path
        if manner and file.is_file():
            self.make(file.read_bytes(), manner)
        elif self.path == '/snapshot' or file.is_file():
            content = file.read_bytes() if file.is_file() else self.jpeg
            self.send_response(200)
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif self.path.startswith(('/mjpeg', '/silent')):
            _, _, rate = self.path.partition('?')
            self.stream(1 / float(rate or 20))
        else:
            self.refuse(401 if self.path in ('/secret', '/modern') else 404)

    def make(self, content, manner):
        """Send `content` as what a program makes while it sends it."""
        self.send_response(200)
        self.end_headers()
        at_once = len(content) // (1 if manner == 'made' else 2)
        self.wfile.write(content[:at_once])
        with contextlib.suppress(OSError):
            for start in range(at_once, len(content), 400):
                if self.server.ended.wait(0.05):
                    return
                self.wfile.write(content[start : start + 400])

    def refuse(self, status):
        self.send_response(status)
        algorithm = ', algorithm=SHA-256' if self.path == '/modern' else ''
        self.send_header('WWW-Authenticate', f'Digest realm="cam", nonce="1"{algorithm}')
        self.send_header('Content-Length', '0')
        self.end_headers()

    def stream(self, interval):
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        for count in itertools.count():
            if self.server.ended.wait(interval):
                return
            if self.path == '/silent' and count > 20:
                continue
            head = (
                f'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n\r\n'
            )
            try:
                self.wfile.write(head.encode() + self.jpeg + b'\r\n')
            except OSError:
                return

    def log_message(self, *arguments):
        pass


@pytest.fixture
def ip_camera(tmp_path):
    """Return the URL of an IP camera that speaks HTTP, without a scheme."""
    with av.open(str(write_video(tmp_path / 'film.avi', 'mjpeg', frames=1))) as container:
        CameraPage.jpeg = bytes(next(container.demux(video=0)))
    CameraPage.folder = tmp_path
    server = ThreadingHTTPServer(('127.0.0.1', 0), CameraPage)
    server.ended = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f'127.0.0.1:{server.server_port}'
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join(DEADLINE)


@pytest.fixture
def connect():
    """Open a URL as a source, which is closed at the end of the test."""
    opened = []

    def open_url(url, **values):
        source = opener(SourceOptions(source=url, **values))()
        opened.append(source)
        return source

    yield open_url
    for source in opened:
        source.close()


class RtspServer:
    """A real RTSP server in a process of its own."""

    def __init__(self, *credentials):
        self.credentials = credentials
        self.port = '0'
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [PYTHON, str(RTSP_SERVER), self.port, *self.credentials],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


@pytest.fixture
def rtsp_server():
    """Start real RTSP servers; skip the test if the system has none."""
    found = "import gi; gi.require_version('GstRtspServer', '1.0'); "
    found += 'from gi.repository import GstRtspServer, Gst; Gst.init(None); '
    found += "assert Gst.ElementFactory.find('x264enc')"
    try:
        answer = subprocess.run([PYTHON, '-c', found], capture_output=True, timeout=DEADLINE)
    except OSError:
        pytest.skip(f'no {PYTHON} here')
    if answer.returncode:
        pytest.skip('needs gir1.2-gst-rtsp-server-1.0, python3-gst-1.0, gstreamer1.0-plugins-ugly')
    started = []

    def start(*credentials):
        server = RtspServer(*credentials)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


def pictures(source, count):
    deadline = time.monotonic() + DEADLINE
    frames = []
    while len(frames) < count:
        assert time.monotonic() < deadline, 'no pictures in time'
        frame = source.read()
        if frame is not None:
            frames.append(frame)
    return frames


def next_frame(frames):
    frame = frames.get(timeout=DEADLINE)
    assert frame is not None, 'no picture in time'
    return frame


def wait_for(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, 'not in time'
        time.sleep(0.01)


def test_mjpeg_over_http_is_shown(connect, ip_camera):
    frames = pictures(connect(f'http://{ip_camera}/mjpeg'), 5)
    assert (frames[0].picture.width, frames[0].picture.height) == (64, 48)
    assert abs(frames[-1].capture_ns - time.time_ns()) < 5e9


@pytest.mark.parametrize('rate', [8, 20, 40])
def test_mjpeg_over_http_is_stamped_when_it_arrives(connect, ip_camera, rate):
    source = connect(f'http://{ip_camera}/mjpeg?{rate}')
    for _ in range(max(8, rate // 2)):
        before = time.time_ns()
        frame = source.read()
        assert before <= frame.capture_ns <= time.time_ns()


def test_a_film_on_an_http_server_is_paced_and_starts_over(connect, ip_camera, tmp_path):
    write_video(tmp_path / 'film.mp4', frames=5)
    frames = pictures(connect(f'http://{ip_camera}/film.mp4'), 12)
    assert 0.5 <= (frames[-1].capture_ns - frames[0].capture_ns) / 1e9 < 10


@pytest.mark.parametrize(
    ('name', 'options'),
    [
        ('film.webm', {'live': '1'}),
        ('film.m3u8', {'hls_time': '1', 'hls_list_size': '0', 'hls_flags': 'omit_endlist'}),
    ],
)
def test_video_without_a_duration_has_its_own_speed(connect, ip_camera, tmp_path, name, options):
    codec = 'libvpx' if name.endswith('webm') else 'libx264'
    keyframes = {'g': '20'}
    write_video(tmp_path / name, codec, frames=140, options=keyframes, container_options=options)
    frames = pictures(connect(f'http://{ip_camera}/{name}'), 12)
    # None comes before its time: eleven intervals at 20 fps.
    assert frames[-1].capture_ns - frames[0].capture_ns >= 0.5e9
    intervals = [b.capture_ns - a.capture_ns for a, b in itertools.pairwise(frames)]
    assert sorted(intervals)[len(intervals) // 2] >= 10e6  # in a burst, about 1e6


@pytest.mark.parametrize('name', ['film.webm', 'film.ts'])
def test_a_file_without_a_length_has_its_own_speed(connect, ip_camera, tmp_path, name):
    codec, live = ('libvpx', {'live': '1'}) if name.endswith('webm') else ('libx264', {})
    write_video(tmp_path / name, codec, frames=140, container_options=live)
    source = connect(f'http://{ip_camera}/{name}?made')
    assert isinstance(source, FileSource)
    frames = pictures(source, 12)
    assert frames[-1].capture_ns - frames[0].capture_ns >= 0.5e9


def test_a_live_stream_without_a_length_is_not_held_back(connect, ip_camera, tmp_path):
    # A packet of MPEG-TS with its tables has 564 bytes: about 28 pictures a second.
    write_video(tmp_path / 'film.ts', frames=200, fps=28)
    source = connect(f'http://{ip_camera}/film.ts?live')
    assert isinstance(source, AvSource)
    # What came at once, and then more.
    assert len(pictures(source, 110)) == 110


def test_a_snapshot_is_fetched_at_its_documented_rate(connect, ip_camera, monkeypatch):
    assert snapshot_source.INTERVAL == 1.0
    monkeypatch.setattr(snapshot_source, 'INTERVAL', 0.25)
    CameraPage.requests = 0
    source = connect(f'http://{ip_camera}/snapshot')
    to_open = CameraPage.requests
    before = time.time_ns()
    frames = pictures(source, 3)
    assert CameraPage.requests == to_open + 3
    assert frames[2].capture_ns - frames[0].capture_ns >= 0.45e9
    assert before <= frames[0].capture_ns <= frames[2].capture_ns <= time.time_ns()


def test_a_stream_that_falls_silent_is_noticed(connect, ip_camera):
    source = connect(f'http://{ip_camera}/silent')
    started = time.monotonic()
    with pytest.raises(SourceError, match='no data in time'):
        pictures(source, 1000)
    assert time.monotonic() - started < 10


def test_refusals_of_a_server_raise_different_errors(connect, ip_camera):
    with pytest.raises(SourceForbidden, match='user name or password'):
        connect(f'http://{ip_camera}/secret')
    with pytest.raises(SourceForbidden, match=r'^(?!.*password).*SHA-256.*MD5'):
        connect(f'http://me:secret@{ip_camera}/modern')
    with pytest.raises(SourceNotFound, match='no such path'):
        connect(f'http://{ip_camera}/nothing')


@pytest.mark.parametrize('scheme', ['rtsp', 'http'])
def test_an_unreachable_server_is_reported_without_the_password(connect, scheme):
    with pytest.raises(SourceNotFound, match=f'source {scheme}://127.0.0.1:1/cam') as refusal:
        connect(f'{scheme}://me:secret@127.0.0.1:1/cam')
    assert 'secret' not in str(refusal.value)


def test_a_page_that_is_not_a_video_is_refused(connect, ip_camera, tmp_path):
    (tmp_path / 'film.mp4').write_bytes(b'<html>hello</html>' * 100)
    with pytest.raises(SourceUnreadable, match='cannot be read as video'):
        connect(f'http://{ip_camera}/film.mp4')


def test_a_server_that_does_not_answer_is_given_up(connect, monkeypatch):
    monkeypatch.setattr(stream_source, 'CONNECT_TIMEOUT', 0.5)
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SourceNotFound, match=r'no answer within 0\.5 s'):
            connect(f'rtsp://me:secret@127.0.0.1:{port}/cam')


def test_a_password_that_looks_like_a_port_gets_the_right_words(connect):
    with pytest.raises(SourceError, match='%2F %3F %23') as refusal:
        connect('rtsp://127.0.0.1:1#2@127.0.0.1:1/cam')
    assert '1#2' not in str(refusal.value)


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
def test_rtsp_is_shown(connect, rtsp_server, transport):
    server = rtsp_server()
    source = connect(f'RTSP://127.0.0.1:{server.port}/cam', rtsp_transport=transport)
    frames = pictures(source, 20)
    assert (frames[0].picture.width, frames[0].picture.height) == (320, 240)
    assert frames[0].picture.format.name == 'yuv420p'
    # Those that came while it was opened were all read at once.
    later = pictures(source, 10)
    assert 0.2 < (later[-1].capture_ns - later[0].capture_ns) / 1e9 < 5


def test_rtsp_with_a_password_is_shown_and_the_password_is_not(connect, rtsp_server):
    server = rtsp_server('me', 'secret')
    source = connect(f'rtsp://me:secret@127.0.0.1:{server.port}/cam')
    assert pictures(source, 1)
    assert source.description.startswith(f'rtsp://127.0.0.1:{server.port}/cam 320x240')
    with pytest.raises(SourceForbidden, match='user name or password') as refusal:
        connect(f'rtsp://me:guess@127.0.0.1:{server.port}/cam')
    assert 'guess' not in str(refusal.value)
    with pytest.raises(SourceNotFound, match='no such path'):
        connect(f'rtsp://me:secret@127.0.0.1:{server.port}/nothing')


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
def test_rtsp_is_passed_through_from_a_keyframe_on(rtsp_server, transport):
    server = rtsp_server()
    options = SourceOptions(source=f'rtsp://127.0.0.1:{server.port}/cam', rtsp_transport=transport)
    source = opener(options, passes_h264=True)()
    try:
        frames = pictures(source, 20)
    finally:
        source.close()
    assert all(isinstance(frame, AccessUnit) for frame in frames)
    kinds = [[kind(unit) for unit in nal_units(frame.data)] for frame in frames]
    assert {SPS, PPS, IDR_SLICE} <= set(kinds[0])
    assert any(IDR_SLICE in those for those in kinds[1:])
    decoder = av.CodecContext.create('h264', 'r')
    displayed = [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]
    assert (displayed[0].width, displayed[0].height) == (320, 240)
    assert frames[-1].capture_ns > frames[0].capture_ns


def test_an_rtsp_camera_that_is_killed_comes_back(rtsp_server, caplog):
    caplog.set_level('INFO')
    server = rtsp_server('me', 'secret')
    frames = Latest()
    options = SourceOptions(source=f'rtsp://me:secret@127.0.0.1:{server.port}/cam')
    camera = Camera(options, frames)
    camera.open()
    try:
        before = next_frame(frames)
        server.kill()
        wait_for(lambda: camera.state is CameraState.LOST)
        frames.get(timeout=0)
        server.start()
        after = next_frame(frames)
        assert after.capture_ns > before.capture_ns
        assert camera.state is CameraState.LIVE
    finally:
        camera.close()
    lines = [record.getMessage() for record in caplog.records]
    assert [sum(word in line for line in lines) for word in ('camera lost', 'camera is back')] == [
        1,
        1,
    ]
    assert 'secret' not in caplog.text
