"""A pipe whose writer stays silent, in place of a file that a running program reads again."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ServerOptions
from webrtc_bridge.program import files
from webrtc_bridge.program.files import write_whole
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.server.authentication import Authentication
from webrtc_bridge.signaling.server.self_signed import LOCAL, SelfSigned, self_signed
from webrtc_bridge.signaling.server.server_certificate import VALID, FilesTls

WORDS = 'a secret of several words'


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever waits for a pipe does not come back before the test is ended.
    monkeypatch.setattr(files, 'PATIENCE', 3600.0)


@pytest.fixture(scope='module')
def made() -> SelfSigned:
    return self_signed(LOCAL, VALID)


def file(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    write_whole(path, content, mode=0o600, replace=True)
    return str(path)


def key_of(made: SelfSigned) -> bytes:
    return made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextlib.contextmanager
def silent(path: str) -> Iterator[None]:
    """Put a pipe in the file's place, whose writer writes nothing and does not go."""
    os.mkfifo(f'{path}.new', 0o600)
    os.replace(f'{path}.new', path)
    writer = os.open(path, os.O_RDWR)
    try:
        yield
    finally:
        os.close(writer)


def test_the_secret_of_a_server_stays(tmp_path: Path) -> None:
    secret = file(tmp_path, 'secret', WORDS.encode())
    authentication = Authentication(secret)
    bearer = {'Authorization': f'Bearer {WORDS}'}
    with silent(secret):
        assert authentication.check(bearer)
        assert authentication.check(bearer)


@pytest.mark.parametrize('which', ['server.pem', 'server.key'])
def test_the_certificate_of_a_server_stays(tmp_path: Path, made: SelfSigned, which: str) -> None:
    pem = file(tmp_path, 'server.pem', made.pem.encode())
    key = file(tmp_path, 'server.key', key_of(made))
    tls = FilesTls(pem, key)
    before = tls.current()
    with silent(str(tmp_path / which)):
        assert tls.current() is before


def test_the_ca_of_a_client_stays(tmp_path: Path, made: SelfSigned) -> None:
    ca = file(tmp_path, 'ca.pem', made.pem.encode())
    access = ServerAccess.of(ServerOptions('wss://robot', ca_file=ca))
    with silent(ca):
        assert access.renewed().tls is access.tls


def test_the_token_of_a_client_is_refused(tmp_path: Path) -> None:
    token = file(tmp_path, 'token', b'words')
    access = ServerAccess.of(ServerOptions('ws://localhost', token_file=token))
    with silent(token), pytest.raises(OptionError, match='no answer in time'):
        access.renewed()


def test_a_certificate_and_its_key_come_from_pipes_which_can_be_read_once(
    made: SelfSigned,
) -> None:
    """As a shell makes them of `--certificate <(command) --key <(command)`."""
    with contextlib.ExitStack() as stack:

        def pipe(content: bytes) -> str:
            ours, theirs = os.pipe()
            stack.callback(os.close, ours)
            os.write(theirs, content)
            os.close(theirs)
            return f'/dev/fd/{ours}'

        tls = FilesTls(pipe(made.pem.encode()), pipe(key_of(made)))
        assert tls.current()
