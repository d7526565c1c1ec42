import contextlib
import itertools
import os
import re
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from support.media.video_files import write_song, write_sound, write_video

from webrtc_bridge.errors import SourceForbidden, SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.media.frames import AccessUnit, CapturedFrame
from webrtc_bridge.media.h264.units import IDR_SLICE, kind, nal_units
from webrtc_bridge.options import SourceOptions

DEADLINE = 20.0
FPS = 40


@pytest.fixture
def play():
    """Open a file as a source, which is closed at the end of the test."""
    opened = []

    def open_file(path):
        source = opener(SourceOptions(source=str(path)))()
        opened.append(source)
        return source

    yield open_file
    for source in opened:
        source.close()


def pictures(source, count):
    frames = []
    deadline = time.monotonic() + DEADLINE
    while len(frames) < count:
        assert time.monotonic() < deadline, 'no pictures in time'
        frame = source.read()
        if frame is not None:
            frames.append(frame)
    return frames


@pytest.fixture
def forbidden_file():
    """Make a film that this process may not read during one test."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = write_video(Path(folder) / 'film.mp4')
        path.chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield path
        os.seteuid(user)


@pytest.mark.parametrize(
    ('name', 'codec'), [('film.mp4', 'libx264'), ('film.avi', 'mjpeg'), ('film.mkv', 'libvpx')]
)
def test_a_red_film_is_red_in_the_format_that_encoders_accept(play, tmp_path, name, codec):
    frame = pictures(play(write_video(tmp_path / name, codec)), 1)[0]
    assert frame.picture.format.name == 'yuv420p'
    levels = [int(np.frombuffer(memoryview(plane), np.uint8)[5]) for plane in frame.picture.planes]
    assert np.allclose(levels, [81, 90, 240], atol=4)


def test_white_in_a_camera_jpeg_is_converted_to_the_limited_range(play, tmp_path):
    path = write_video(tmp_path / 'film.avi', 'mjpeg', colour=(255, 255, 255))
    picture = pictures(play(path), 1)[0].picture
    assert abs(int(np.frombuffer(memoryview(picture.planes[0]), np.uint8)[5]) - 235) <= 1


def test_a_film_is_paced_to_real_time(play, tmp_path):
    source = play(write_video(tmp_path / 'film.mp4', frames=20, fps=20))
    started = time.monotonic()
    frames = pictures(source, 20)
    assert 0.9 <= time.monotonic() - started < 4
    assert 0.9 <= (frames[-1].capture_ns - frames[0].capture_ns) / 1e9 < 4


def test_a_film_starts_over_with_rising_times_and_no_gap(play, tmp_path):
    frames = pictures(play(write_video(tmp_path / 'film.mp4', frames=5, fps=50)), 23)
    times = [frame.capture_ns for frame in frames]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert 0.4 <= (times[-1] - times[0]) / 1e9 < 3


def test_a_film_of_odd_size_loses_its_last_column_and_row(play, tmp_path):
    path = write_video(tmp_path / 'film.avi', 'png', size=(65, 49))
    picture = pictures(play(path), 1)[0].picture
    assert (picture.width, picture.height) == (64, 48)


def test_a_still_picture_is_a_film_of_one_picture(play, tmp_path):
    source = play(write_video(tmp_path / 'still.png', 'png', frames=1))
    assert len(pictures(source, 3)) == 3


def test_the_description_names_file_size_and_rate(play, tmp_path):
    path = write_video(tmp_path / 'film.mp4')
    assert play(path).description == f'{path} 64x48 at 20 fps'


def test_a_file_url_is_a_file(play, tmp_path):
    assert play(f'file://{write_video(tmp_path / "film.mp4")}').read() is not None


def test_a_file_url_is_decoded(play, tmp_path):
    path = write_video(tmp_path / 'my film.mp4')
    assert play('FILE://' + quote(str(path))).read() is not None


def an_hour_later(index):
    return index if index < 6 else index + 3600 * FPS


def test_a_film_whose_timestamps_jump_plays_on_and_that_is_logged_once(play, tmp_path, caplog):
    path = write_video(tmp_path / 'film.mkv', frames=12, fps=FPS, pts=an_hour_later)
    frames = pictures(play(path), 27)
    assert (frames[-1].capture_ns - frames[0].capture_ns) / 1e9 < DEADLINE
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f'{path}: its timestamps jump by 3600.0 s; playing on']


@pytest.mark.parametrize('backwards', [False, True])
def test_recordings_that_were_joined_are_played_on(play, tmp_path, caplog, backwards):
    first = write_video(tmp_path / 'a.ts', frames=6, fps=FPS)
    second = write_video(tmp_path / 'b.ts', frames=6, fps=FPS, pts=lambda n: n + 36000 * FPS)
    parts = [first.read_bytes(), second.read_bytes()]
    path = tmp_path / 'film.ts'
    path.write_bytes(b''.join(reversed(parts) if backwards else parts))
    frames = pictures(play(path), 20)
    assert (frames[-1].capture_ns - frames[0].capture_ns) / 1e9 < DEADLINE
    (line,) = caplog.messages
    (jump,) = re.findall(r'its timestamps jump by (\S+) s; playing on', line)
    assert float(jump) == pytest.approx(-36000 if backwards else 36000, abs=1)


def access_units(source, count):
    frames = pictures(source, count)
    assert all(isinstance(frame, AccessUnit) for frame in frames)
    return frames


@pytest.mark.parametrize('name', ['film.mp4', 'film.mkv'])
def test_h264_that_viewers_accept_is_not_decoded_and_starts_over(tmp_path, name):
    path = write_video(tmp_path / name, frames=5, fps=50, options={'profile': 'baseline'})
    source = opener(SourceOptions(source=str(path)), passes_h264=True)()
    try:
        frames = access_units(source, 12)
    finally:
        source.close()
    idrs = [any(kind(unit) == IDR_SLICE for unit in nal_units(f.data)) for f in frames]
    assert [n for n, is_idr in enumerate(idrs) if is_idr] == [0, 5, 10]
    assert frames[5].data == frames[0].data
    times = [frame.capture_ns for frame in frames]
    assert times == sorted(set(times))
    assert 0.15 <= (times[-1] - times[0]) / 1e9 < 3


def test_h264_that_viewers_may_not_accept_is_decoded(tmp_path, caplog):
    caplog.set_level('INFO')
    path = write_video(tmp_path / 'film.mp4', options={'profile': 'high'})
    source = opener(SourceOptions(source=str(path)), passes_h264=True)()
    try:
        assert isinstance(pictures(source, 1)[0], CapturedFrame)
    finally:
        source.close()
    assert 'film.mp4: transcoding its H.264 High' in caplog.text


def test_a_missing_file_is_not_found(play, tmp_path):
    with pytest.raises(SourceNotFound, match='no such file'):
        play(tmp_path / 'missing.mp4')


def test_a_file_without_permission_is_forbidden(play, forbidden_file):
    with pytest.raises(SourceForbidden, match='no permission to read this file'):
        play(forbidden_file)


@pytest.mark.parametrize('content', [b'', b'hello\n' * 200, bytes(range(256)) * 50])
@pytest.mark.parametrize('name', ['file.txt', 'file.mp4', 'file'])
def test_a_file_that_is_not_a_video_is_refused(play, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceUnreadable, match='cannot be read as video'):
        play(path)


def test_a_directory_is_not_a_video(play, tmp_path):
    with pytest.raises(SourceUnreadable, match='cannot be read as video'):
        play(tmp_path)


def test_a_film_without_pictures_is_not_a_video(play, tmp_path):
    with pytest.raises(SourceUnreadable, match='contains no video'):
        play(write_sound(tmp_path / 'sound.wav'))


def test_the_cover_of_a_song_is_not_a_video(play, tmp_path):
    with pytest.raises(SourceUnreadable, match='contains no video, only cover art'):
        play(write_song(tmp_path / 'song.mp3'))


def test_a_picture_too_small_for_an_encoder_is_refused(play, tmp_path):
    with pytest.raises(SourceUnreadable, match='too small'):
        play(write_video(tmp_path / 'dot.png', 'png', size=(1, 1), frames=1))


def test_ffmpeg_logs_nothing_about_a_damaged_film_to_the_terminal(play, tmp_path, capfd):
    path = write_video(tmp_path / 'film.avi', 'mjpeg', frames=4, fps=50)
    content = bytearray(path.read_bytes())
    for position in range(content.index(b'movi') + 700, len(content) - 200, 50):
        content[position : position + 20] = bytes(20)
    path.write_bytes(content)
    with contextlib.suppress(SourceUnreadable):
        pictures(play(path), 8)
    assert capfd.readouterr().err == ''
