"""`webrtc_bridge token` and `webrtc_bridge certificate`, from the command line to the files."""

import math
import ssl
import time
from pathlib import Path

import pytest
from support.full_disk import full_disk

from webrtc_bridge.__main__ import main
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.client.client_tls import client_context
from webrtc_bridge.signaling.server.authentication import SECRET
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens

WORDS = 'a secret of several words'


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(SECRET, WORDS)
    return WORDS


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Rights, str]:
    """Return the rights that the token gives, and the line that describes it."""
    assert main(['token', *arguments]) == 0
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    return SignedTokens(WORDS).check(line), output.err


def test_a_token_lets_its_bearer_view_everything_for_a_month(
    secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rights, said = made(capsys)
    assert (rights.publish, rights.view, rights.senders) == (False, True, ('*',))
    assert abs(rights.expires - time.time() - 30 * 86400) < 60
    assert said.startswith(f'token {rights.key}: view * until 20')


def test_a_token_has_the_rights_that_are_asked_for(
    secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = '--rights publish,view --senders front*,top --for 12h --name rover'
    rights, said = made(capsys, *words.split())
    assert (rights.publish, rights.view, rights.senders) == (True, True, ('front*', 'top'))
    assert abs(rights.expires - time.time() - 12 * 3600) < 60
    assert rights.key.startswith('rover-')
    assert 'publish and view front*, top until' in said


@pytest.mark.parametrize('lifetime', ['forever', 'ever'])
def test_a_token_may_be_valid_forever(
    secret: str, capsys: pytest.CaptureFixture[str], lifetime: str
) -> None:
    rights, said = made(capsys, '--for', lifetime)
    assert rights.expires == math.inf
    assert said.endswith('view * forever\n')


def test_secret_and_token_go_through_files_of_their_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, token = tmp_path / 'secret', tmp_path / 'token'
    assert main(['token', '--new-secret', str(secret)]) == 0
    assert main(['token', '--new-secret', str(secret)]) == 2
    assert main(['token', '--secret-file', str(secret), '--out', str(token)]) == 0
    output = capsys.readouterr()
    assert output.out == ''
    assert [file.stat().st_mode & 0o777 for file in (secret, token)] == [0o600, 0o600]
    words = secret.read_text().strip()
    assert len(words) >= 43
    assert words not in output.err
    assert SignedTokens(words).check(token.read_text().strip()).view


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ('--rights admin', "--rights: 'admin' given, expected one of publish, view"),
        ('--senders a,,b', "--senders: 'a,,b' given"),
        ('--for 1w', "--for: '1w' given, expected a number followed by s, m, h or d; or forever"),
        ('--name a/b', "--name: 'a/b' given"),
        ('--secret-file /no/such/file', '--secret-file: /no/such/file: no such file'),
        ('--out /no/such/file', '--out: /no/such/file: no such file'),
    ],
)
def test_what_cannot_be_is_one_line_and_status_2(
    secret: str, capsys: pytest.CaptureFixture[str], arguments: str, said: str
) -> None:
    assert main(['token', *arguments.split()]) == 2
    output = capsys.readouterr()
    assert output.out == ''
    assert output.err.startswith(f'error: {said}')
    assert len(output.err.splitlines()) == 1


def test_without_a_secret_it_says_how_to_make_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    assert main(['token']) == 2
    assert '--new-secret FILE makes one' in capsys.readouterr().err


def test_a_certificate_and_its_key_are_written_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, key = tmp_path / 'server.pem', tmp_path / 'server.key'
    arguments = ['certificate', '--certificate', str(certificate), '--key', str(key)]
    assert main([*arguments, '--name', 'robot.lan', '--name', '192.0.2.7']) == 0
    said = capsys.readouterr().out
    assert 'for robot.lan, 192.0.2.7, localhost, 127.0.0.1, ::1' in said
    assert f'--ca {certificate}' in said
    assert key.stat().st_mode & 0o777 == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    client_context(str(certificate))
    assert main(arguments) == 2
    assert 'exists already' in capsys.readouterr().err


def test_a_full_disk_leaves_nothing_behind_and_the_next_attempt_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = ['token', '--new-secret', str(tmp_path / 'secret')]
    pair = [*('--certificate', str(tmp_path / 'pem')), *('--key', str(tmp_path / 'key'))]
    # The key fits into 400 bytes, the certificate does not.
    for arguments, room in ((secret, 10), (['certificate', *pair], 400)):
        with full_disk(room):
            assert main(arguments) == 2
        assert 'file too large' in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
    for arguments in (secret, ['certificate', *pair]):
        assert main(arguments) == 0
    assert len(list(tmp_path.iterdir())) == 3
