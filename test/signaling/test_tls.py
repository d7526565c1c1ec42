"""wss:// and https://: certificates that can and cannot be used, at both ends."""

import asyncio
import contextlib
import os
import socket as sockets
import ssl
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from support.signaling.running_client import Peer
from support.signaling.waiting import DEADLINE, close_code, read, until
from websockets.asyncio.client import connect

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ServerOptions, SignalingOptions
from webrtc_bridge.signaling.client.client_tls import client_context
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.server import server_certificate
from webrtc_bridge.signaling.server.self_signed import LOCAL, SelfSigned, fingerprint, self_signed
from webrtc_bridge.signaling.server.server import SignalingServer

YEAR = timedelta(days=365)


class Files:
    """A certificate and its key in files."""

    def __init__(self, folder: Path, made: SelfSigned) -> None:
        self.made = made
        self.certificate = str(folder / 'server.pem')
        self.key = str(folder / 'server.key')
        Path(self.key).touch(0o600)
        self.put_certificate(made.pem.encode())
        self.put_key(made)

    def put_certificate(self, content: bytes) -> None:
        Path(self.certificate).write_bytes(content)

    def put_key(self, made: SelfSigned) -> None:
        Path(self.key).write_bytes(private(made))

    @property
    def options(self) -> dict[str, Any]:
        return {'certificate': self.certificate, 'key': self.key}


def private(made: SelfSigned, locked: KeySerializationEncryption | None = None) -> bytes:
    return made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked or NoEncryption())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    folder = tmp_path / 'files'
    folder.mkdir()
    return Files(folder, self_signed(LOCAL, YEAR))


@pytest.fixture
async def server(files: Files) -> AsyncIterator[SignalingServer]:
    async with serving(**files.options) as server:
        yield server


def serving(**options: Any) -> SignalingServer:
    return SignalingServer(SignalingOptions(port=0, **options))


def client(server: SignalingServer, ca: str = '', host: str = '127.0.0.1') -> Peer:
    url = f'wss://{host}:{server.port}'
    return Peer('', Role.SENDER, 'front', ServerOptions(url, ca_file=ca))


async def test_pages_and_sockets_come_by_tls(server: SignalingServer, files: Files) -> None:
    assert server.url.startswith('wss://')
    async with client(server, files.certificate).running() as peer, ClientSession() as http:
        await peer.connected()
        tls = client_context(files.certificate)
        async with http.get(f'https://localhost:{server.port}/healthz', ssl=tls) as reply:
            assert (await reply.json())['senders'] == 1
        url = f'wss://localhost:{server.port}/receiver'
        origin: Any = f'https://localhost:{server.port}'
        async with connect(url, ssl=tls, origin=origin) as page:
            assert (await read(page))['type'] == 'registered'
            assert (await read(page))['type'] == 'sender'
            for _ in range(3):
                await page.send('x' * 60_000)
                assert (await read(page))['code'] == 'bad_json'
            await page.send(b'binary')
            assert await close_code(page) == 1003


async def test_it_is_the_same_with_uvloop(files: Files) -> None:
    uvloop = pytest.importorskip('uvloop', reason='needs uvloop')

    async def register_often() -> None:
        tls = client_context(files.certificate)
        async with serving(**files.options) as server:
            for _ in range(10):
                # Its first bytes come at once, before TLS can read them.
                async with connect(f'{server.url}/receiver', ssl=tls) as socket:
                    assert (await read(socket))['type'] == 'registered'

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(register_often())

    await asyncio.to_thread(run)


async def test_a_restart_is_survived_and_a_cut_is_noticed(files: Files) -> None:
    server = serving(**files.options)
    await server.start()
    async with client(server, files.certificate).running() as peer:
        await peer.connected()
        await asyncio.wait_for(server.close(), 2.5)
        await until(lambda: not peer.client.connected)
        again = SignalingServer(SignalingOptions(port=server.port, **files.options))
        async with again:
            await peer.connected()
            for connection in list(again._serving.sockets._connections):
                connection.abort()
            await until(lambda: peer.changes == [True, False, True, False, True])


async def test_a_self_signed_one_is_made_at_the_start_and_named_by_its_fingerprint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    async with serving(self_signed=True) as server:
        pem = await asyncio.to_thread(ssl.get_server_certificate, ('127.0.0.1', server.port))
        from cryptography.x509 import load_pem_x509_certificate

        shown = fingerprint(load_pem_x509_certificate(pem.encode()))
        assert f'SHA-256 {shown}' in caplog.text
        ca = tmp_path / 'ca.pem'
        ca.write_text(pem)
        names = ['127.0.0.1', 'localhost']
        for name in names:
            async with client(server, str(ca), name).running() as peer:
                await peer.connected()


@pytest.mark.parametrize(
    ('break_it', 'said'),
    [
        (lambda f: Path(f.certificate).unlink(), 'certificate: .* a readable file .no such file'),
        (lambda f: Path(f.key).unlink(), 'key: .* a readable file .no such file'),
        (lambda f: Path(f.certificate).write_bytes(b'\xff\0'), 'certificate: .* a PEM file with'),
        (lambda f: Path(f.certificate).write_bytes(private(f.made)), 'certificate: .* a PEM file'),
        (lambda f: Path(f.key).write_text(f.made.pem), 'key: .* a PEM file with a private key'),
        (
            lambda f: Path(f.key).write_bytes(private(f.made, BestAvailableEncryption(b'x'))),
            'key: .* that has no password',
        ),
        (
            lambda f: Path(f.key).write_bytes(private(self_signed(LOCAL, YEAR))),
            'key: .* the key of .*server.pem, which it does not match',
        ),
        (
            lambda f: Path(f.key).write_bytes(
                rsa.generate_private_key(65537, 2048).private_bytes(
                    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
                )
            ),
            'which it does not match',
        ),
    ],
)
async def test_files_that_cannot_be_used_are_named(files: Files, break_it: Any, said: str) -> None:
    break_it(files)
    with pytest.raises(OptionError, match=said) as caught:
        await serving(**files.options).start()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ('valid', 'back', 'said'),
    [
        (-timedelta(hours=1), None, 'one that is valid: it expired on 20'),
        (YEAR, timedelta(days=-2), 'it starts on 20'),
    ],
)
async def test_a_certificate_out_of_its_time_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    valid: timedelta,
    back: timedelta | None,
    said: str,
) -> None:
    if back:
        monkeypatch.setattr('webrtc_bridge.signaling.server.self_signed.BACKDATED', back)
    out_of_time = Files(tmp_path, self_signed(LOCAL, valid))
    with pytest.raises(OptionError, match=said):
        await serving(**out_of_time.options).start()


async def test_one_that_expires_soon_is_served_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(**Files(tmp_path, self_signed(LOCAL, timedelta(days=3))).options):
        assert 'server.pem expires on 20' in caplog.text


@pytest.mark.parametrize(
    'options',
    [
        {'certificate': 'x'},
        {'key': 'x'},
        {'self_signed': True, 'certificate': 'x', 'key': 'x'},
    ],
)
async def test_options_that_do_not_fit_together_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        await serving(**options).start()


async def test_a_client_says_once_why_it_does_not_trust(
    server: SignalingServer, files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / 'other.pem'
    other.write_text(self_signed(LOCAL, YEAR).pem)
    elsewhere = Files(tmp_path, self_signed(['robot.example'], YEAR))
    async with serving() as plain, serving(**elsewhere.options) as robot:
        cases = [
            (
                client(server),
                'certificate is not signed by a trusted CA; pass it, or its CA, with --ca',
            ),
            (client(server, str(other)), 'not signed by a trusted CA'),
            (client(robot, elsewhere.certificate), 'for another name or address'),
            (client(robot, elsewhere.certificate, 'localhost'), 'for another name or address'),
            (client(plain, files.certificate), 'no TLS at this port; try ws://'),
            # Older versions of websockets do not tell enough to name wss://.
            (
                Peer(f'ws://127.0.0.1:{server.port}', Role.SENDER),
                f'ws://127.0.0.1:{server.port}: ',
            ),
        ]
        for peer, said in cases:
            caplog.clear()
            async with peer.running():
                await until(lambda said=said: said in caplog.text)  # type: ignore[misc]
                # The next attempt, 0.3 s later at most, says no more.
                await asyncio.sleep(0.4)
                assert len(caplog.records) == 1, caplog.text


async def test_a_client_names_a_certificate_that_has_expired(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serving(**files.options)
    await server.start()
    expired = self_signed(LOCAL, -timedelta(hours=1))
    old = Files(tmp_path, expired)
    assert server._serving.pending.tls
    server._serving.pending.tls().load_cert_chain(old.certificate, old.key)
    async with client(server, old.certificate).running():
        await until(lambda: 'certificate has expired' in caplog.text)
    await server.close()


async def presented(server: SignalingServer) -> str:
    return await asyncio.to_thread(ssl.get_server_certificate, ('127.0.0.1', server.port))


async def test_the_certificates_between_it_and_the_authority_are_presented_too(
    files: Files,
) -> None:
    chain = [files.made.pem, self_signed(LOCAL, YEAR).pem]
    # With its key in between, which must not be taken for one of them.
    files.put_certificate(private(files.made).decode().join(chain).encode())

    def presented_chain(port: int) -> list[str]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        address = ('127.0.0.1', port)
        with context.wrap_socket(sockets.create_connection(address, DEADLINE)) as socket:
            # Public from Python 3.13 on.
            of_peer: Any = getattr(socket, '_sslobj')  # noqa: B009
            return [each.public_bytes() for each in of_peer.get_unverified_chain()]

    async with serving(**files.options) as server:
        assert await asyncio.to_thread(presented_chain, server.port) == chain


async def test_a_new_certificate_is_presented_without_a_restart_and_a_bad_one_never(
    files: Files, server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert await presented(server) == files.made.pem
    new = self_signed(LOCAL, YEAR)
    files.put_certificate(new.pem.encode())  # before its key
    assert await presented(server) == files.made.pem
    assert 'the key of' in caplog.text
    assert 'server.pem and ' in caplog.text
    files.put_key(new)
    assert await presented(server) == new.pem
    for bad in (b'', b'nonsense', self_signed(LOCAL, -timedelta(hours=1)).pem.encode()):
        files.put_certificate(bad)
        assert await presented(server) == new.pem
    os.unlink(files.certificate)
    assert await presented(server) == new.pem
    warnings = [record for record in caplog.records if record.levelname == 'WARNING']
    assert len(warnings) == 1 + 3 + 1
    assert all('stays in use' in record.getMessage() for record in warnings)


async def test_a_client_connects_again_with_the_ca_that_the_file_holds_now(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca = tmp_path / 'ca.pem'
    ca.write_text(files.made.pem)
    server = serving(**files.options)
    await server.start()
    port = server.port
    async with client(server, str(ca)).running() as peer:
        await peer.connected()
        new = self_signed(LOCAL, YEAR)
        ca.write_text('a half-written file')
        await server.close()
        async with SignalingServer(SignalingOptions(port=port, **files.options)):
            await peer.connected()
            assert 'ca.pem held before stays in use' in caplog.text
        files.put_certificate(new.pem.encode())
        files.put_key(new)
        ca.write_text(new.pem)
        await until(lambda: not peer.client.connected)
        async with SignalingServer(SignalingOptions(port=port, **files.options)):
            await peer.connected()


async def test_a_certificate_of_our_own_is_renewed_before_it_expires(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    clock = SteppedClock()
    monkeypatch.setattr(server_certificate, 'datetime', clock)
    monkeypatch.setattr('webrtc_bridge.signaling.server.self_signed.datetime', clock)
    async with serving(self_signed=True) as server:
        first = await presented(server)
        clock.ahead = timedelta(days=75)
        assert await presented(server) == first
        clock.ahead = timedelta(days=77)
        second = await presented(server)
        assert second != first
        assert await presented(server) == second
        clock.ahead = timedelta(0)  # NTP sets the clock right
        assert await presented(server) != second
    assert caplog.text.count('self-signed certificate, SHA-256') == 3


async def test_a_certificate_that_is_about_to_expire_is_named_each_day(
    monkeypatch: pytest.MonkeyPatch, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SteppedClock()
    monkeypatch.setattr(server_certificate, 'datetime', clock)
    async with serving(**files.options) as server:
        for day in (0, 350, 352, 352.1, 353.5):
            clock.ahead = timedelta(days=day)
            await presented(server)
    assert caplog.text.count('server.pem expires on 20') == 2


class SteppedClock:
    """Stands for `datetime`, ahead of time."""

    ahead = timedelta(0)

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.ahead


@pytest.mark.parametrize(
    ('url', 'ca', 'said'),
    [
        ('wss://robot', 'nowhere.pem', 'ca: .* a readable file .no such file'),
        ('wss://robot', 'nothing.pem', 'ca: .* a PEM file with a certificate'),
        ('wss://robot', 'empty.pem', 'ca: .* a PEM file with a certificate'),
        ('wss://robot', 'pipe.pem', 'ca: .* a PEM file with a certificate'),
        ('wss://robot', '/dev/zero', 'ca: .* a readable file .file too large'),
        ('ws://robot', 'nothing.pem', 'ca: .* none, or a server at wss://'),
    ],
)
def test_a_ca_that_cannot_be_used_is_named(tmp_path: Path, url: str, ca: str, said: str) -> None:
    (tmp_path / 'nothing.pem').write_text('nothing')
    (tmp_path / 'empty.pem').touch()
    os.mkfifo(tmp_path / 'pipe.pem')
    with pytest.raises(OptionError, match=said):
        ServerAccess.of(ServerOptions(url, ca_file=str(tmp_path / ca)))


async def test_old_tls_is_refused(server: SignalingServer) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers('DEFAULT@SECLEVEL=0')
    with pytest.warns(DeprecationWarning, match='TLSv1_1'):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection('127.0.0.1', server.port, ssl=context)


async def test_a_handshake_or_header_that_does_not_end_is_cut(files: Files) -> None:
    async with serving(hello_timeout=0.5, **files.options) as server:
        tls = client_context(files.certificate)
        for start, secure in ((b'', None), (b'\x16\x03\x01', None), (b'GET / HTTP/1.1\r\n', tls)):
            reader, writer = await asyncio.open_connection('127.0.0.1', server.port, ssl=secure)
            writer.write(start)
            with contextlib.suppress(ConnectionError):
                reply = await asyncio.wait_for(reader.read(), DEADLINE)
                assert reply.startswith(b'HTTP/1.1 408 ' if secure else b'')
            writer.close()
        assert not server._serving.pending._waiting


async def test_hundreds_of_handshakes_that_do_not_end_keep_nobody_out(
    server: SignalingServer, files: Files
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            slow = stack.enter_context(sockets.socket())
            slow.setblocking(False)
            slow.connect_ex(('127.0.0.1', server.port))
        async with client(server, files.certificate).running() as peer:
            await peer.connected()
            assert len(server._serving.pending._waiting) <= 128
        await asyncio.wait_for(server.close(), 2.5)


async def test_noise_at_a_tls_port_puts_nothing_into_the_log(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    for noise in (b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\x00\x05hello', b'\0' * 600):
        reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
        writer.write(noise)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
    for start in (b'', b'\x16\x03\x01'):
        _, writer = await asyncio.open_connection('127.0.0.1', server.port)
        writer.write(start)
        writer.close()
    pending = server._serving.pending
    assert pending
    # Long before their time is over.
    await until(lambda: not pending._waiting)
    assert [r for r in caplog.records if not r.name.startswith('websockets')] == []
