import pytest

from webrtc_bridge.program.redaction import without_credentials


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('rtsp://user:pw@host', 'rtsp://host'),
        ('rtsp://user:pw@host:554/stream/1', 'rtsp://host:554/stream/1'),
        ('rtsp://user@host/x', 'rtsp://host/x'),
        ('rtsp://user:p@w@host/x', 'rtsp://host/x'),
        ('rtsp://user:p/w@host/x', 'rtsp://host/x'),
        ('rtsp://user:p?w#1@host/x', 'rtsp://host/x'),
        ('http://host/x?user=me&pwd=pw', 'http://host/x?…'),
        (
            'rtsp://host/user=me_password=pw_channel=1.sdp',
            'rtsp://host/user=me_password=…_channel=1.sdp',
        ),
        ('wss://user:pw@[::1]:8080', 'wss://[::1]:8080'),
        ('user:pw@host/stream', 'host/stream'),
    ],
)
def test_secrets_of_a_url_are_cut(url, shown):
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    'text', ['auto', '/dev/video0', 'avfoundation:0', 'me@home.mp4', 'rtsp://[::1]:554/x', '']
)
def test_what_has_no_secrets_stays_as_it_is(text):
    assert without_credentials(text) == text
