import os
import stat
import sys
import tempfile

import av
import pytest
from support.media.video_files import write_video

from webrtc_bridge.errors import (
    OptionError,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceUnreadable,
)
from webrtc_bridge.media.capture.device_source import cameras, in_best_format
from webrtc_bridge.media.capture.sources import opener
from webrtc_bridge.options import SourceOptions

linux = pytest.mark.skipif(sys.platform != 'linux', reason='V4L2 is a part of Linux')


def open_source(source):
    return opener(SourceOptions(source=source))()


@pytest.fixture
def forbidden_device():
    """Make a device node that this process, for the length of one test, may not open."""
    if os.geteuid() != 0:
        pytest.skip('making a device node takes root')
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, 'video0')
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(81, 0))
        except PermissionError:
            pytest.skip('this root may not make device nodes')
        os.seteuid(65534)
        yield path
        os.seteuid(0)


@linux
def test_a_camera_that_is_not_there_is_said_to_be_missing_and_who_is_there():
    with pytest.raises(SourceNotFound, match='no such device') as refusal:
        open_source('/dev/video987')
    hint = ', '.join(cameras()) or 'no /dev/video* on this machine'
    assert hint in str(refusal.value)


@linux
def test_a_camera_by_its_id_is_looked_for_as_a_device():
    with pytest.raises(SourceNotFound, match='no such device'):
        open_source('/dev/v4l/by-id/usb-none-video-index0')


@linux
def test_a_device_without_permission_says_how_to_get_it(forbidden_device):
    with pytest.raises(SourceForbidden, match=r'sudo usermod -aG video \$USER, then log out'):
        open_source(forbidden_device)


@linux
def test_a_device_that_is_no_camera_is_said_to_be_none(tmp_path):
    for path in ('/dev/null', '/dev/zero'):
        with pytest.raises(SourceUnreadable, match='is no camera'):
            open_source(path)
    link = tmp_path / 'by-id'
    link.symlink_to('/dev/null')
    with pytest.raises(SourceUnreadable, match='is no camera'):
        open_source(str(link))


@pytest.mark.skipif(sys.platform == 'darwin', reason='there may be a camera')
def test_a_camera_of_a_mac_elsewhere_is_said_to_be_impossible():
    with pytest.raises(SourceNotFound, match='macOS'):
        open_source('avfoundation:0')


@pytest.mark.parametrize('source', ['/dev/video987', '/dev/null', '/dev'])
def test_every_refusal_is_one_line(source):
    with pytest.raises(SourceError) as refusal:
        open_source(source)
    assert '\n' not in str(refusal.value)


@pytest.mark.parametrize('source', ['ftp://me:pw@host/x', 'webcam://0', 'avfoundation:', ''])
def test_a_source_of_no_known_kind_is_refused_with_what_is_accepted(source):
    with pytest.raises(OptionError, match='expected auto, test, a camera') as refusal:
        opener(SourceOptions(source=source))
    assert 'pw' not in str(refusal.value)


def stand_in_camera(tmp_path, offers):
    """Return what opens a file for each format in `offers`, {name: (size, fps)}, and its log."""
    asked = []

    def open_as(input_format):
        asked.append(input_format)
        if input_format not in offers:
            raise SourceUnreadable('/dev/video0', f'is no camera ({input_format})')
        size, fps = offers[input_format]
        path = tmp_path / f'{input_format or "raw"}.mkv'
        return av.open(str(write_video(path, size=size, fps=fps, frames=2)))

    return open_as, asked


@pytest.mark.parametrize(
    ('offers', 'taken', 'asked'),
    [
        ({'': ((640, 480), 30)}, (640, 30), ['']),
        ({'': ((640, 480), 25)}, (640, 25), ['']),
        ({'': ((640, 480), 10), 'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        ({'': ((320, 240), 30), 'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        ({'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        (
            {'': ((640, 480), 10), 'mjpeg': ((640, 480), 15)},
            (640, 15),
            ['', 'mjpeg', 'h264', 'mjpeg'],
        ),
    ],
)
def test_the_first_format_that_reaches_size_and_rate_is_taken(tmp_path, offers, taken, asked):
    open_as, log = stand_in_camera(tmp_path, offers)
    with in_best_format(open_as, SourceOptions(width=640, height=480, fps=30.0)) as container:
        stream = container.streams.video[0]
        assert (stream.width, round(stream.average_rate)) == taken
    assert log == asked


def test_a_camera_without_any_format_is_refused_with_the_first_reason(tmp_path):
    open_as, _ = stand_in_camera(tmp_path, {})
    with pytest.raises(SourceUnreadable, match=r'is no camera \(\)'):
        in_best_format(open_as, SourceOptions())
