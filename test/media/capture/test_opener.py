import sys

import pytest

from webrtc_bridge.errors import OptionError, SourceError, SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture import opener as opener_module
from webrtc_bridge.media.capture.opener import AutoSource, opener
from webrtc_bridge.media.capture.pattern_source import PatternSource
from webrtc_bridge.options import SourceOptions

TEST_PATTERN = SourceOptions(source='test', width=64, height=48, fps=100.0)

linux = pytest.mark.skipif(sys.platform != 'linux', reason='V4L2 is a part of Linux')


def open_source(source):
    return opener(SourceOptions(source=source))()


@linux
def test_a_camera_by_id_is_opened_as_a_device():
    with pytest.raises(SourceNotFound, match='no such device'):
        open_source('/dev/v4l/by-id/usb-none-video-index0')


@pytest.mark.skipif(sys.platform == 'darwin', reason='there may be a camera')
def test_a_camera_of_a_mac_is_refused_elsewhere():
    with pytest.raises(SourceNotFound, match='macOS'):
        open_source('avfoundation:0')


@pytest.mark.parametrize('source', ['/dev/video987', '/dev/null', '/dev'])
def test_every_refusal_is_one_line(source):
    with pytest.raises(SourceError) as refusal:
        open_source(source)
    assert '\n' not in str(refusal.value)


@pytest.mark.parametrize('source', ['ftp://me:pw@host/x', 'webcam://0', 'avfoundation:', ''])
def test_an_unknown_kind_of_source_is_refused_with_the_accepted_ones(source):
    with pytest.raises(
        OptionError, match=r'^--source: .* expected auto, test, a camera'
    ) as refusal:
        opener(SourceOptions(source=source))
    assert 'pw' not in str(refusal.value)


def test_auto_sends_the_test_pattern_if_no_camera_opens_and_logs_that(tmp_path, caplog):
    source = AutoSource(TEST_PATTERN, lambda: [str(tmp_path / 'video0'), '/dev/null'])()
    assert isinstance(source, PatternSource)
    assert 'video0' in caplog.text
    assert '/dev/null: is not a camera' in caplog.text
    assert 'sending the test pattern' in caplog.text


def test_auto_opens_the_first_working_camera_and_never_the_pattern_later(monkeypatch):
    broken = []

    def opens(name, options):
        if name in broken:
            raise SourceUnreadable(name, 'in use by another program')
        return PatternSource(options), name

    monkeypatch.setattr(opener_module, 'open_camera', opens)
    broken.append('/dev/video0')
    auto = AutoSource(TEST_PATTERN, lambda: ['/dev/video0', '/dev/video2'])
    assert auto()[1] == '/dev/video2'
    broken.append('/dev/video2')
    with pytest.raises(SourceUnreadable):
        auto()
    broken.clear()
    assert auto()[1] == '/dev/video0'


def test_auto_that_started_with_the_pattern_keeps_it():
    devices = []
    auto = AutoSource(TEST_PATTERN, lambda: devices)
    auto()
    devices.append('/dev/null')
    assert isinstance(auto(), PatternSource)
