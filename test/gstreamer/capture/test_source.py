"""The elements that `--source` of the GStreamer sender stands for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webrtc_bridge.errors import OptionError, SourceNotFound
from webrtc_bridge.gstreamer.capture.source import check_device, describe, quoted, shown
from webrtc_bridge.options import GStreamerOptions


@pytest.mark.parametrize(
    ('source', 'elements'),
    [
        ('test', 'videotestsrc is-live=true pattern=smpte'),
        ('/dev/video2', 'v4l2src device="/dev/video2"'),
        ('avfoundation:1', 'avfvideosrc device-index=1'),
        ('v4l2src device=/dev/video0', 'v4l2src device=/dev/video0'),
        ('a ! video/x-raw,width=8', 'a ! video/x-raw,width=8 ! identity'),
        ('rtspsrc location=rtsp://a/b ! decodebin', 'rtspsrc location=rtsp://a/b ! decodebin'),
    ],
)
def test_a_source_is_a_plain_name_or_elements(source, elements):
    assert describe(GStreamerOptions(source=source)).elements == elements


def test_a_url_cannot_put_in_elements_of_its_own():
    elements = describe(GStreamerOptions(source='rtsp://a/" ! filesink location="x')).elements
    assert elements.startswith(r'rtspsrc location="rtsp://a/\" ! filesink location=\"x"')


def test_a_url_in_capitals_is_a_url():
    elements = describe(GStreamerOptions(source='RTSP://Camera/Live')).elements
    assert elements.startswith('rtspsrc location="rtsp://Camera/Live"')


def test_an_unescaped_password_is_refused_without_showing_it():
    with pytest.raises(OptionError, match='%2F %3F %23') as refusal:
        describe(GStreamerOptions(source='rtsp://me:pa#ss@camera/live'))
    assert 'pa#ss' not in str(refusal.value)


@pytest.mark.parametrize('source', ['', ' ', 'gopher://a', 'gopher://a.b', '! videotestsrc'])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(OptionError, match='--source'):
        describe(GStreamerOptions(source=source))


@pytest.mark.parametrize('source', ['/a.mp4', './a.mp4', 'a.mp4', '../my film.mkv', '{}/film'])
def test_for_a_file_the_elements_that_play_it_are_named(source, tmp_path):
    (tmp_path / 'film').touch()
    file = source.format(tmp_path)
    with pytest.raises(OptionError, match='--source') as refusal:
        describe(GStreamerOptions(source=file))
    elements = f'filesrc location="{file}" ! decodebin'
    assert f"expected --source '{elements}' for a file" in str(refusal.value)
    assert describe(GStreamerOptions(source=elements)).elements == elements


def test_a_camera_is_asked_for_a_size_and_rate():
    assert describe(GStreamerOptions(source='/dev/video0')).caps.startswith(
        'video/x-raw,width=640,height=480,framerate=30/1;image/jpeg,'
    )
    wide = GStreamerOptions(source='v4l2src', width=1280, height=720, fps=29.97)
    assert 'width=1280,height=720,framerate=2997/100;' in describe(wide).caps


def test_other_sources_keep_their_own_size_unless_told():
    assert describe(GStreamerOptions(source='aravissrc')).caps == ''
    assert describe(GStreamerOptions(source='videotestsrc ! video/x-raw,width=80')).caps == ''
    assert describe(GStreamerOptions(source='aravissrc', fps=10.0)).caps.startswith(
        'video/x-raw,framerate=10/1;'
    )


@pytest.mark.parametrize(
    'text',
    [
        'rtsp://me:secret@cam/1',
        'rtspsrc location=rtsp://me:secret@cam/1 latency=0',
        'rtspsrc location="rtsp://me:secret@cam/1" latency=0',
        'rtspsrc location=rtsp://cam/1 user-id=me user-pw=secret',
        'Could not open rtsp://me:secret@cam/1\nfor reading',
    ],
)
def test_passwords_are_not_shown(text):
    assert 'secret' not in shown(text)
    assert 'cam/1' in shown(text)
    assert '\n' not in shown(text)


PASSWORDS = st.text(st.characters(max_codepoint=0x17F, exclude_characters='\0'), max_size=8)


@settings(deadline=None)
@given(start=PASSWORDS, end=PASSWORDS)
def test_no_password_is_shown_whatever_it_holds(start, end):
    password = f'{start}Secret{end}'
    url = f'rtsp://me:{password}@cam/1'
    for text in (
        url,
        f'rtspsrc location={quoted(url)} latency=0 ! decodebin',
        f'rtspsrc location=rtsp://cam/1 user-id=me user-pw={quoted(password)} latency=0',
        f'rtspsrc location="rtsp://cam/1" proxy-pw = (string) {quoted(password)}',
        f'srtsrc uri=srt://cam/1 passphrase={quoted(password)[:-1]}',
    ):
        assert 'Secret' not in shown(text)
        assert 'cam/1' in shown(text)


def test_a_device_that_does_not_exist_is_named():
    with pytest.raises(SourceNotFound, match='/dev/video77: no such device'):
        check_device(describe(GStreamerOptions(source='/dev/video77')))
