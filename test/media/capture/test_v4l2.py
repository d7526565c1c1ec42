import os
import stat
import sys
import tempfile

import pytest

from webrtc_bridge.errors import SourceForbidden, SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.media.capture.v4l2 import cameras, check_device
from webrtc_bridge.options import SourceOptions

linux = pytest.mark.skipif(sys.platform != 'linux', reason='V4L2 is a part of Linux')


def open_source(source):
    return opener(SourceOptions(source=source))()


@pytest.fixture
def forbidden_device():
    """Make a device node that this process may not open during one test."""
    if os.geteuid() != 0:
        pytest.skip('needs root, to make device nodes')
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, 'video0')
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(81, 0))
        except PermissionError:
            pytest.skip('needs root, to make device nodes')
        os.seteuid(65534)
        yield path
        os.seteuid(0)


@linux
def test_a_missing_camera_is_refused_with_the_cameras_that_exist():
    with pytest.raises(SourceNotFound, match='no such device') as refusal:
        open_source('/dev/video987')
    hint = ', '.join(cameras()) or 'no /dev/video* on this machine'
    assert hint in str(refusal.value)


@linux
def test_a_device_without_permission_says_how_to_get_it(forbidden_device):
    with pytest.raises(SourceForbidden, match=r'sudo usermod -aG video \$USER, then log out'):
        open_source(forbidden_device)


@linux
def test_a_file_is_not_a_camera(tmp_path):
    with pytest.raises(SourceUnreadable, match=r'is not a camera \(not a device\)'):
        check_device(str(tmp_path))


@linux
def test_a_device_that_is_not_a_camera_is_refused(tmp_path):
    for path in ('/dev/null', '/dev/zero'):
        with pytest.raises(SourceUnreadable, match='is not a camera'):
            open_source(path)
    link = tmp_path / 'by-id'
    link.symlink_to('/dev/null')
    with pytest.raises(SourceUnreadable, match='is not a camera'):
        open_source(str(link))
