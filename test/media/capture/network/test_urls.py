import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.capture.network.urls import local_path, may_be_misread, normalized


@pytest.mark.parametrize(
    ('typed', 'taken'),
    [
        ('RTSP://Camera/Live', 'rtsp://Camera/Live'),
        ('Https://me:Secret@camera/a?b=C', 'https://me:Secret@camera/a?b=C'),
        ('rtsp://me:p@ss@camera:554/live', 'rtsp://me:p@ss@camera:554/live'),
        ('rtsp://me:p%23ss@camera/live', 'rtsp://me:p%23ss@camera/live'),
        ('rtsp://camera:554/to/me@home', 'rtsp://camera:554/to/me@home'),
        ('rtsp://[fe80::1]/to/me@home', 'rtsp://[fe80::1]/to/me@home'),
        ('rtsp://camera/to/me@home', 'rtsp://camera/to/me@home'),
    ],
)
def test_only_the_scheme_of_a_url_is_changed(typed, taken):
    assert normalized(typed) == taken


@pytest.mark.parametrize('password', ['pa#ss', 'pa/ss', 'pa?ss', 'p@ss:w/or#d', '#', '12a/x'])
def test_a_password_that_would_be_misread_is_refused_without_showing_it(password):
    with pytest.raises(OptionError, match='%2F %3F %23') as refusal:
        normalized(f'rtsp://me:{password}@camera/live')
    assert f':{password}@' not in str(refusal.value)
    assert 'rtsp://camera/live' in str(refusal.value)


def test_a_password_that_looks_like_a_port_may_be_misread():
    assert may_be_misread('rtsp://me:12#34@camera/live')
    assert not may_be_misread('rtsp://me:1234@camera/live')


@pytest.mark.parametrize(
    ('url', 'path'),
    [
        ('file:///a/my%20film.mp4', '/a/my film.mp4'),
        ('file://localhost/a/%C3%A9.mp4', '/a/é.mp4'),
        ('file:///a/100%25.mp4', '/a/100%.mp4'),
    ],
)
def test_a_file_url_names_a_path(url, path):
    assert local_path(url) == path
