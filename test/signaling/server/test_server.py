import asyncio
import contextlib
import json
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from support.signaling.signaling_samples import text
from support.signaling.waiting import DEADLINE, close_code, read, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from webrtc_bridge.errors import OptionError, ServeError
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.server.server import SignalingServer


@pytest.fixture
async def server() -> AsyncIterator[SignalingServer]:
    async with SignalingServer(SignalingOptions(port=0)) as serving:
        yield serving


def serving(**options: Any) -> SignalingServer:
    return SignalingServer(SignalingOptions(port=0, **options))


async def status(server: SignalingServer, path: str = '/healthz') -> dict[str, Any]:
    async with ClientSession() as http, http.get(f'http://127.0.0.1:{server.port}{path}') as reply:
        assert reply.status == 200
        value = await reply.json()
        assert isinstance(value, dict)
        return value


async def test_healthz_counts_who_is_there(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender') as sender, connect(f'{server.url}/receiver') as r:
        await read(sender)
        sender_id = (await read(r), await read(r))[1]['sender_id']
        await r.send(text('request_offer', sender_id=sender_id))
        await read(sender)
        health = await status(server)
        assert isinstance(health.pop('version'), str)
        assert abs(health.pop('time') - time.time()) < DEADLINE
        assert health == {'status': 'ok', 'senders': 1, 'receivers': 1, 'sessions': 1}


@pytest.mark.parametrize(
    'path', ['/', '/watching/viewer.js', '/viewer.css', '/publish', '/../setup.py']
)
async def test_pages_come_with_headers_that_fence_them_in(
    server: SignalingServer, path: str
) -> None:
    async with ClientSession() as http, http.get(f'http://127.0.0.1:{server.port}{path}') as reply:
        found = path in ('/', '/watching/viewer.js', '/viewer.css', '/publish')
        assert reply.status == (200 if found else 404)
        policy = reply.headers['Content-Security-Policy']
        assert policy.startswith("default-src 'none'")
        assert 'unsafe' not in policy
        assert reply.headers['X-Content-Type-Options'] == 'nosniff'


async def test_id_and_name_come_by_query_or_by_register(server: SignalingServer) -> None:
    async with (
        connect(f'{server.url}/sender?id=front&name=Front%20camera') as front,
        connect(f'{server.url}/ws') as rear,
        connect(f'{server.url}/ws') as receiver,
    ):
        assert (await read(front))['sender_id'] == 'front'
        await rear.send(text('register', role='sender', id='rear', name='Rear'))
        assert (await read(rear))['sender_id'] == 'rear'
        await receiver.send(text('register', role='receiver'))
        registered = await read(receiver)
        assert registered['receive_id'] == registered['receiver_id']
        present = [await read(receiver), await read(receiver)]
        assert {p['sender_id']: p['name'] for p in present} == {
            'front': 'Front camera',
            'rear': 'Rear',
        }


async def test_a_sender_that_is_cut_off_is_gone_at_once(server: SignalingServer) -> None:
    async with connect(f'{server.url}/receiver') as receiver:
        await read(receiver)
        async with connect(f'{server.url}/sender?id=front') as sender:
            assert (await read(receiver))['type'] == 'sender'
            sender.transport.abort()
            assert await read(receiver) == {'type': 'sender_exit', 'sender_id': 'front'}


@pytest.mark.parametrize(
    ('query', 'code'),
    [
        ('id=a%20b', 'bad_id'),
        ('id=' + 'x' * 65, 'bad_id'),
        ('id=a&id=b', 'duplicate_key'),
        ('name=a%0Ab', 'bad_type'),
        ('name=' + 'x' * 129, 'bad_type'),
    ],
)
async def test_a_wrong_query_is_an_error_and_1008(
    server: SignalingServer, query: str, code: str
) -> None:
    async with connect(f'{server.url}/sender?{query}') as socket:
        assert (await read(socket))['code'] == code
        assert await close_code(socket) == 1008


async def test_an_id_in_use_is_an_error_and_1008(server: SignalingServer) -> None:
    url = f'{server.url}/sender?id=front'
    async with connect(url) as owner, connect(url) as thief:
        assert (await read(thief))['code'] == 'id_in_use'
        assert await close_code(thief) == 1008
        assert (await read(owner))['type'] == 'registered'
        assert await asyncio.wait_for(await owner.ping(), DEADLINE) >= 0


async def test_a_silent_owner_loses_its_id() -> None:
    async with serving(heartbeat=0.4) as server:
        port = server.port
        owner = await asyncio.to_thread(silent_upgrade, port, '/sender?id=front')
        with owner:
            await until(lambda: server.counts['senders'] == 1)
            await until(lambda: server.counts['senders'] == 0)
            async with connect(f'{server.url}/sender?id=front') as newcomer:
                assert (await read(newcomer))['type'] == 'registered'


async def test_an_answered_heartbeat_keeps_a_quiet_socket() -> None:
    async with serving(heartbeat=0.2) as server, connect(f'{server.url}/sender') as socket:
        await read(socket)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(socket.recv(), 1.0)
        assert (await status(server))['senders'] == 1


def silent_upgrade(port: int, path: str) -> sockets.socket:
    """Open a WebSocket that is never read again."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.settimeout(DEADLINE)
    raw.connect(('127.0.0.1', port))
    key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13'
    head = f'GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}'
    raw.sendall(f'{head}\r\n\r\n'.encode())
    return raw


@pytest.mark.parametrize(
    ('data', 'code'),
    [
        (b'binary', 1003),
        ('x' * 65537, 1009),
        ('ü' * 40_000, 1009),
        ('x' * 200_000, 1009),
    ],
)
async def test_what_is_not_a_message_closes_with_its_code(
    server: SignalingServer, data: str | bytes, code: int
) -> None:
    async with connect(f'{server.url}/sender') as socket:
        await read(socket)
        await socket.send(data)
        assert await close_code(socket) == code


async def test_a_message_of_64_kib_is_read(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender') as socket:
        await read(socket)
        await socket.send('x' * 65536)
        assert (await read(socket))['code'] == 'bad_json'


async def test_text_that_is_not_utf8_closes_with_1007(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender') as socket:
        await read(socket)
        await socket.send(b'\xff\xfe', text=True)
        assert await close_code(socket) == 1007


async def test_without_a_first_message_ws_closes_with_1008() -> None:
    async with serving(hello_timeout=0.3) as server, connect(f'{server.url}/ws') as socket:
        assert await close_code(socket) == 1008


async def test_a_flood_is_limited_and_closed_with_1008() -> None:
    async with serving(message_rate=10.0) as server:
        async with connect(f'{server.url}/sender') as socket:
            await read(socket)
            with contextlib.suppress(ConnectionClosed):
                for _ in range(250):  # 151, and those that a busy machine has time to allow
                    await socket.send('x')
            codes = [(await read(socket))['code'] for _ in range(50)]
            assert codes == ['bad_json'] * 50
            while (code := (await read(socket))['code']) == 'bad_json':
                pass
            assert code == 'rate_limited'
            assert await close_code(socket) == 1008
        await until(lambda: server.counts['senders'] == 0)


async def test_a_reader_that_is_too_slow_is_closed_with_1013() -> None:
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8192)
    async with serving(message_rate=1e6, send_queue=64) as server:
        raw.connect(('127.0.0.1', server.port))
        async with connect(f'{server.url}/receiver', sock=raw, max_queue=1) as slow:
            await read(slow)
            slow.transport.pause_reading()
            while server.counts['receivers']:
                # Each brings an error reply, which nobody reads.
                await slow.send('x')
                await asyncio.sleep(0)
            slow.transport.resume_reading()
            assert await close_code(slow) == 1013


async def test_a_slow_reader_delays_nobody() -> None:
    async with serving(message_rate=1e6) as server:
        slow = await asyncio.to_thread(silent_upgrade, server.port, '/receiver')
        with slow:
            await until(lambda: server.counts['receivers'] == 1)
            async with connect(f'{server.url}/ws') as other:
                await other.send('x')
                assert (await read(other))['code'] == 'bad_json'


@pytest.mark.parametrize('cap', ['max_sockets', 'max_sockets_per_address'])
async def test_sockets_above_the_cap_get_http_503(cap: str) -> None:
    async with serving(**{cap: 2}) as server:
        async with connect(f'{server.url}/sender'), connect(f'{server.url}/ws'):
            with pytest.raises(InvalidStatus) as caught:
                await connect(f'{server.url}/receiver')
            assert caught.value.response.status_code == 503
            assert (await status(server))['senders'] == 1
        await until(lambda: not server._serving.sockets)
        async with connect(f'{server.url}/receiver') as again:
            assert (await read(again))['type'] == 'registered'


async def test_a_foreign_page_gets_http_403(server: SignalingServer) -> None:
    for path in ('/ws', '/sender', '/receiver'):
        with pytest.raises(InvalidStatus) as caught:
            await connect(f'{server.url}{path}', origin='http://evil.example')  # type: ignore[arg-type]
        assert caught.value.response.status_code == 403
    assert (await status(server))['senders'] == 0


async def test_our_own_page_and_an_allowed_one_may_connect() -> None:
    async with serving(allowed_origins=('https://ui.example',)) as server:
        for origin in (f'http://127.0.0.1:{server.port}', 'https://ui.example'):
            async with connect(f'{server.url}/sender', origin=origin) as socket:  # type: ignore[arg-type]
                assert (await read(socket))['type'] == 'registered'


async def test_compression_is_not_agreed_to(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender', compression='deflate') as socket:
        assert 'Sec-WebSocket-Extensions' not in socket.response.headers  # type: ignore[union-attr]


async def test_a_request_header_that_does_not_end_is_cut_off() -> None:
    async with serving(hello_timeout=0.3) as server:
        for start in (b'', b'GET / HTTP/1.1\r\nX: ', b'\r\n\r\n'):
            reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
            writer.write(start)
            reply = await asyncio.wait_for(reader.read(), DEADLINE)
            assert reply.startswith(b'HTTP/1.1 408 ')
            writer.close()


async def test_hundreds_of_slow_headers_keep_nobody_out(server: SignalingServer) -> None:
    async def dawdle() -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection('127.0.0.1', server.port)
        writer.write(b'GET / HTTP/1.1\r\nX: ')
        return writer

    slow = [await dawdle() for _ in range(300)]
    async with connect(f'{server.url}/sender', open_timeout=DEADLINE) as socket:
        assert (await read(socket))['type'] == 'registered'
    for writer in slow:
        writer.close()


async def test_a_header_may_come_in_pieces(server: SignalingServer) -> None:
    reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
    for piece in (b'\r\nGET /healthz HT', b'TP/1.1\r\nHost: x\r', b'\n\r', b'\n'):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    reply = await asyncio.wait_for(reader.read(), DEADLINE)
    assert reply.startswith(b'HTTP/1.1 200 ')
    assert b'"status": "ok"' in reply
    writer.close()


async def test_a_header_that_is_too_large_is_refused(server: SignalingServer) -> None:
    reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
    writer.write(b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 4000)
    reply = await asyncio.wait_for(reader.readline(), DEADLINE)
    assert reply.startswith(b'HTTP/1.1 431 ')
    writer.close()


async def test_malformed_http_puts_nothing_into_the_log(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
    writer.write(b'\x16\x03\x01\n[ERROR] forged\r\n\r\n')
    assert (await asyncio.wait_for(reader.read(), DEADLINE)).startswith(b'HTTP/1.')
    writer.close()
    assert not [record for record in caplog.records if record.name.startswith('webrtc_bridge')]


async def test_closing_tells_everybody_1012_in_time() -> None:
    server = serving()
    await server.start()
    first = await connect(f'{server.url}/sender')
    second = await connect(f'{server.url}/ws')
    silent = await asyncio.to_thread(silent_upgrade, server.port, '/receiver')
    with silent:
        # asyncio leaks what it accepts while its server closes (CPython issue 109564).
        await until(lambda: server.counts['receivers'] == 1)
        await asyncio.wait_for(server.close(), 2.5)
    assert [await close_code(first), await close_code(second)] == [1012, 1012]
    with pytest.raises(ConnectionRefusedError):
        await connect(f'{server.url}/ws')
    await server.close()


async def test_after_a_restart_ids_come_back_and_old_sessions_are_unknown() -> None:
    server = serving()
    await server.start()
    async with connect(f'{server.url}/sender?id=front') as sender:
        await read(sender)
        async with connect(f'{server.url}/receiver?id=ros') as receiver:
            await read(receiver)
            await receiver.send(text('request_offer', sender_id='front'))
            session_id = (await read(sender))['session_id']
            await server.close()
    async with (
        SignalingServer(SignalingOptions(port=server.port)) as again,
        connect(f'{again.url}/receiver?id=ros') as receiver,
        connect(f'{again.url}/sender?id=front') as sender,
    ):
        assert (await read(receiver))['receiver_id'] == 'ros'
        assert (await read(receiver))['sender_id'] == 'front'
        assert (await read(sender))['sender_id'] == 'front'
        await sender.send(text('bye', receiver_id='ros', session_id=session_id))
        assert (await read(sender))['code'] == 'unknown_session'


@pytest.mark.parametrize('host', ['', 'a' * 64 + '.example', 'not\x00a host'])
async def test_a_host_that_cannot_be_is_an_option_error(host: str) -> None:
    with pytest.raises(OptionError):
        await serving(host=host).start()


@pytest.mark.parametrize('host', ['192.0.2.1', 'no-such-host.invalid', '127.0.0.1:80'])
async def test_a_host_that_is_not_ours_is_a_serve_error(host: str) -> None:
    with pytest.raises(ServeError) as caught:
        await serving(host=host).start()
    assert str(caught.value).isprintable()


async def test_a_port_in_use_is_a_serve_error(server: SignalingServer) -> None:
    with pytest.raises(ServeError, match='address already in use'):
        await SignalingServer(SignalingOptions(port=server.port)).start()


async def test_localhost_has_one_port() -> None:
    async with serving(host='localhost') as server, connect(f'{server.url}/sender') as socket:
        assert (await read(socket))['type'] == 'registered'


async def registered_ice(server: SignalingServer) -> list[dict[str, Any]]:
    async with connect(f'{server.url}/sender') as socket:
        servers = (await read(socket))['ice_servers']
        assert isinstance(servers, list)
        return servers


async def test_ice_servers_come_from_options_and_file(tmp_path: Any) -> None:
    turn = {
        'urls': ['turn:turn.example:3478', 'turns:turn.example'],
        'username': 'u',
        'credential': 'c',
    }
    file = tmp_path / 'ice.json'
    file.write_text(json.dumps([turn]))
    options = {'ice_servers': ('stun:stun.example:3478',), 'ice_servers_file': str(file)}
    async with serving(**options) as server:
        assert await registered_ice(server) == [{'urls': 'stun:stun.example:3478'}, turn]


def write(content: bytes) -> Callable[[Any], str]:
    def make(folder: Any) -> str:
        (folder / 'ice.json').write_bytes(content)
        return str(folder / 'ice.json')

    return make


@pytest.mark.parametrize(
    'make',
    [
        lambda folder: str(folder / 'nowhere.json'),
        str,
        write(b'nonsense'),
        write(b'\xff'),
        write(b'{}'),
        write(b'["stun:x"]'),
        write(b'[{"urls":"http://x","credential":"hidden"}]'),
        write(b'[{"urls":"turn:x","credential":7}]'),
        write(b'[{"urls":[]}]'),
        lambda folder: '/dev/zero',
    ],
)
async def test_an_unusable_ice_file_is_an_option_error(
    make: Callable[[Any], str], tmp_path: Any
) -> None:
    with pytest.raises(OptionError) as caught:
        await serving(ice_servers_file=make(tmp_path)).start()
    assert 'ice_servers_file' in str(caught.value)
    assert 'hidden' not in str(caught.value)


async def test_an_unusable_ice_server_is_an_option_error() -> None:
    with pytest.raises(OptionError):
        await serving(ice_servers=('http://x',)).start()
