import os
from pathlib import Path

import pytest

from webrtc_bridge.errors import UnusableValueError
from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.server_access import TOKEN, ServerAccess
from webrtc_bridge.signaling.secret_file import (
    MAX_SECRET,
    read_secret,
    write_private,
)

VARIABLE = 'WEBRTC_BRIDGE_TEST'


def file_with(folder: Path, content: bytes, mode: int = 0o600) -> str:
    file = folder / 'secret'
    file.write_bytes(content)
    file.chmod(mode)
    return str(file)


@pytest.mark.parametrize('mode', [0o600, 0o400])
@pytest.mark.parametrize('content', [b'hidden words', b'hidden words\n', b' hidden words\r\n'])
def test_a_secret_is_one_line(tmp_path: Path, content: bytes, mode: int) -> None:
    assert read_secret('token-file', file_with(tmp_path, content, mode), VARIABLE) == (
        'hidden words'
    )


@pytest.mark.parametrize('mode', [0o644, 0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = file_with(tmp_path, b'hidden', mode)
    with pytest.raises(UnusableValueError) as caught:
        read_secret('token-file', file, VARIABLE)
    expected = f'token-file: {file} has mode {mode:04o}, expected 0600: run chmod 600 {file}'
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    'content', [b'', b'\n', b'hidden\nlines', b'hid\0den', b'\xff', b'x' * (MAX_SECRET + 1)]
)
def test_what_is_not_a_line_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnusableValueError) as caught:
        read_secret('token-file', file_with(tmp_path, content), VARIABLE)
    assert 'hid' not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize('file', ['/no/such/file', '/'])
def test_a_file_that_cannot_be_read_is_named(file: str) -> None:
    with pytest.raises(UnusableValueError, match=f'token-file: {file}: .* a readable file'):
        read_secret('token-file', file, VARIABLE)


def test_without_a_file_it_is_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_secret('token-file', '', VARIABLE) == ''
    monkeypatch.setenv(VARIABLE, ' from there\n')
    assert read_secret('token-file', '', VARIABLE) == 'from there'
    assert read_secret('token-file', file_with(tmp_path, b'from here'), VARIABLE) == 'from here'
    monkeypatch.setenv(VARIABLE, 'hidden\nlines')
    with pytest.raises(UnusableValueError) as caught:
        read_secret('token-file', '', VARIABLE)
    assert VARIABLE in str(caught.value)
    assert 'hidden' not in str(caught.value)


def test_what_is_written_is_private_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / 'new'
    before = os.umask(0)
    try:
        write_private('--out', str(file), 'hidden', replace=False)
        assert file.stat().st_mode & 0o777 == 0o600
        with pytest.raises(UnusableValueError, match=r'--out: .* exists already'):
            write_private('--out', str(file), 'other', replace=False)
        assert file.read_text() == 'hidden\n'
        write_private('--out', str(file), 'other', replace=True)
        assert file.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert file.read_text() == 'other\n'
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(UnusableValueError, match='--out: /no/such/file'):
        write_private('--out', '/no/such/file', 'hidden', replace=True)


def test_access_to_a_server_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, 'hidden')
    access = ServerAccess.of(ServerOptions('ws://robot:8080/?token=hidden'))
    assert access.token == 'hidden'
    assert 'hidden' not in repr(access)
    assert 'hidden' not in access.shown_url


@pytest.mark.parametrize(
    ('url', 'exposed'),
    [
        ('ws://robot:8080', True),
        ('ws://192.0.2.1:8080', True),
        ('wss://robot:8080', False),
        ('ws://localhost:8080', False),
        ('ws://127.0.0.2:8080', False),
        ('ws://[::1]:8080', False),
    ],
)
def test_a_token_that_others_may_read_on_its_way_is_known(
    monkeypatch: pytest.MonkeyPatch, url: str, exposed: bool
) -> None:
    assert not ServerAccess.of(ServerOptions(url)).exposes_token
    monkeypatch.setenv(TOKEN, 'hidden')
    assert ServerAccess.of(ServerOptions(url)).exposes_token is exposed


def test_a_token_and_a_password_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, 'hidden')
    with pytest.raises(Exception, match='without user and password') as caught:
        ServerAccess.of(ServerOptions('ws://me:hidden@robot'))
    assert 'hidden' not in str(caught.value)
