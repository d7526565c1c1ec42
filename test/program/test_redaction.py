import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


TEXT = st.text(st.characters(exclude_categories=['Cs']), max_size=8)


@settings(deadline=None)
@given(start=TEXT, end=TEXT)
def test_no_password_is_shown_whatever_it_holds(start, end):
    password = f'{start}Secret{end}'
    shown = without_credentials(f'rtsp://me:{password}@cam/1')
    assert shown == 'rtsp://cam/1'
    in_path = re.sub('[/&?@]', '', password)
    shown = without_credentials(f'rtsp://cam/user=me_password={in_path}_channel=1.sdp')
    assert shown == 'rtsp://cam/user=me_password=…_channel=1.sdp'


@pytest.mark.parametrize(
    'text', ['auto', '/dev/video0', 'avfoundation:0', 'me@home.mp4', 'rtsp://[::1]:554/x', '']
)
def test_what_has_no_secrets_stays_as_it_is(text):
    assert without_credentials(text) == text
