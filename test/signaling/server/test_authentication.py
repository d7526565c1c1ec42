"""Tokens at a real server: what they let in, what not, and what is logged."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from support.signaling.running_client import ME, Peer
from support.signaling.waiting import DEADLINE, close_code, read, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from webrtc_bridge.errors import OptionError, UnprotectedError
from webrtc_bridge.options import ServerOptions, SignalingOptions
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.client.refusal import Refusal
from webrtc_bridge.signaling.client.server_access import TOKEN
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.secret_file import write_private
from webrtc_bridge.signaling.server import authentication
from webrtc_bridge.signaling.server.authentication import MAX_WAITING_PER_ADDRESS, PROTOCOL, SECRET
from webrtc_bridge.signaling.server.server import SignalingServer
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens

WORDS = 'a secret of several words'
MAKER = SignedTokens(WORDS)
VIEW = Rights(publish=False)
PUBLISH = Rights(view=False, senders=('front*',))


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SignalingServer]:
    monkeypatch.setenv(SECRET, WORDS)
    monkeypatch.setattr(authentication, 'DELAY', 0.3)
    async with SignalingServer(SignalingOptions(port=0, heartbeat=0.4)) as serving:
        yield serving


def token(rights: Rights = Rights()) -> str:  # noqa: B008 - it is frozen
    return MAKER.make(rights)[0]


def bearer(token: str, scheme: str = 'Bearer') -> dict[str, Any]:
    return {'additional_headers': {'Authorization': f'{scheme} {token}'}}


def as_page(token: str) -> dict[str, Any]:
    encoded = base64.urlsafe_b64encode(token.encode()).rstrip(b'=').decode()
    offered = (PROTOCOL, f'webrtc_bridge.token.{encoded}')
    return {'subprotocols': [Subprotocol(one) for one in offered]}


async def status_of(server: SignalingServer, path: str = '/sender', **arguments: Any) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await connect(server.url + path, **arguments)
    response = caught.value.response
    if response.status_code == 401:
        assert response.headers['WWW-Authenticate'] == 'Bearer'
    return response.status_code


@pytest.mark.parametrize('path', ['/sender?id=front', '/receiver', '/ws'])
async def test_without_a_usable_token_nobody_gets_a_websocket(
    server: SignalingServer, path: str
) -> None:
    expired = token(Rights(expires=time.time() - 1))
    found = await asyncio.gather(
        status_of(server, path),
        status_of(server, path, **bearer('')),
        status_of(server, path, **bearer('nonsense')),
        status_of(server, path, **bearer(expired)),
        status_of(server, path, **bearer(WORDS, 'Basic')),
        status_of(server, path, **bearer(SignedTokens(WORDS[1:]).make(Rights())[0])),
        status_of(server, f'{path.partition("?")[0]}?token={quote(WORDS)}'),
    )
    assert found == [401] * 7
    assert set(server.counts.values()) == {0}


@pytest.mark.parametrize('words', [bearer(WORDS), bearer(WORDS, 'bearer'), as_page(WORDS)])
async def test_the_secret_is_a_token_with_all_rights(
    server: SignalingServer, words: dict[str, Any]
) -> None:
    async with (
        connect(f'{server.url}/sender', **words) as sender,
        connect(f'{server.url}/ws', **words) as receiver,
    ):
        assert (await read(sender))['type'] == 'registered'
        await receiver.send('{"type":"register","role":"receiver"}')
        assert (await read(receiver))['type'] == 'registered'
        # The token does not come back in the answer.
        page = 'subprotocols' in words
        assert sender.subprotocol == (PROTOCOL if page else None)


async def test_pages_and_health_need_no_token(server: SignalingServer) -> None:
    async with ClientSession() as http:
        for path in ('/', '/publish', '/watching/viewer.js', '/healthz'):
            async with http.get(f'http://127.0.0.1:{server.port}{path}') as reply:
                assert reply.status == 200


@pytest.mark.parametrize(
    ('given', 'reason'),
    [('', 'none given'), ('nonsense', 'wrong'), ('expired', 'expired')],
)
async def test_a_close_reason_explains_to_a_page_what_is_wrong(
    server: SignalingServer, given: str, reason: str
) -> None:
    words = as_page(given) if given else {'subprotocols': [Subprotocol(PROTOCOL)]}
    if given == 'expired':
        words = as_page(token(Rights(expires=time.time() - 1)))
    async with connect(f'{server.url}/receiver', **words) as page:
        assert await close_code(page) == 1008
        assert page.protocol.close_reason == f'token: {reason}'


async def test_a_foreign_page_is_refused_whatever_its_token(server: SignalingServer) -> None:
    arguments = as_page(WORDS) | {'origin': 'http://evil.example'}
    assert await status_of(server, **arguments) == 403


@pytest.mark.parametrize(
    ('path', 'rights'),
    [
        ('/sender?id=front', VIEW),
        ('/sender?id=rear', PUBLISH),
        ('/sender', PUBLISH),
        ('/receiver', PUBLISH),
    ],
)
async def test_what_a_token_is_not_for_is_forbidden(
    server: SignalingServer, path: str, rights: Rights
) -> None:
    async with connect(server.url + path, **bearer(token(rights))) as socket:
        error = await read(socket)
        assert (error['code'], error['ref']) == ('forbidden', 'register')
        assert await close_code(socket) == 1008


async def test_the_same_token_takes_an_id_over_and_no_other(server: SignalingServer) -> None:
    url, mine = f'{server.url}/sender?id=front', bearer(token(PUBLISH))
    async with connect(url, **mine) as owner:
        await read(owner)
        for other in (bearer(token(PUBLISH)), bearer(WORDS)):
            async with connect(url, **other) as thief:
                assert (await read(thief))['code'] == 'id_in_use'
        async with connect(f'{url}&takeover=0', **mine) as polite:
            assert (await read(polite))['code'] == 'id_in_use'
        assert await asyncio.wait_for(await owner.ping(), DEADLINE) >= 0
        async with connect(url, **mine) as again:
            assert (await read(again))['sender_id'] == 'front'
            assert await close_code(owner) == 1008
            assert owner.protocol.close_reason == 'the id was taken over'


async def test_a_token_that_expires_ends_its_socket(server: SignalingServer) -> None:
    words = bearer(token(Rights(expires=time.time() + 2)))
    async with connect(f'{server.url}/sender?id=front', **words) as socket:
        assert (await read(socket))['type'] == 'registered'
        assert await close_code(socket) == 1008
        assert socket.protocol.close_reason == 'token: expired'


async def test_wrong_tokens_wait_but_keep_nobody_out(server: SignalingServer) -> None:
    async def guess(number: int) -> int:
        return await status_of(server, '/sender', **bearer(f'guess {number}'))

    start = time.monotonic()
    guesses = [asyncio.ensure_future(guess(number)) for number in range(40)]
    async with connect(f'{server.url}/sender', **bearer(WORDS)) as socket:
        assert (await read(socket))['type'] == 'registered'
        found = await asyncio.gather(*guesses)
        assert time.monotonic() - start >= 0.3
        assert set(found) == {401, 429}
        assert found.count(401) >= MAX_WAITING_PER_ADDRESS
    assert not server._serving.entrance.throttle._waiting


async def test_the_log_names_a_token_by_its_id_alone(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('DEBUG')
    good, key = MAKER.make(PUBLISH, 'rover')
    old, old_key = MAKER.make(Rights(expires=1.0), 'rover')
    async with connect(f'{server.url}/sender?id=front', **bearer(good)) as socket:
        await read(socket)
    for words in (bearer(old), bearer('a guess')):
        await status_of(server, **words)
    ours = '\n'.join(r.getMessage() for r in caplog.records if r.name.startswith('webrtc_bridge'))
    assert f"sender front registered, name '', token {key}" in ours
    assert f'token: expired, {old_key}' in ours
    assert 'token: wrong' in ours
    for secret in (good, old, 'a guess', WORDS):
        assert secret not in ours


async def test_a_client_reads_its_token_again_for_each_attempt(
    server: SignalingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / 'token'
    file.touch(0o600)
    file.write_text(token(Rights(expires=time.time() - 1)) + '\n')
    peer = Peer('', Role.SENDER, 'front', ServerOptions(server.url, token_file=str(file)))
    async with peer.running():
        await until(lambda: "token refused: 'expired'" in caplog.text)
        file.unlink()
        await until(lambda: 'not tried: token-file: ' in caplog.text)
        file.touch(0o600)
        file.write_text(token(PUBLISH))
        await peer.connected()
    assert peer.troubles == [Refusal.BAD_TOKEN, Refusal.OPTION]
    assert len([r for r in caplog.records if r.name == ME and r.levelname == 'WARNING']) == 2


async def test_a_new_secret_revokes_all_tokens_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / 'secret'
    write_private('--new-secret', str(file), WORDS, replace=False)
    other = 'another-secret-of-many-characters'
    options = SignalingOptions(port=0, secret_file=str(file))
    async with SignalingServer(options) as server:
        async with connect(f'{server.url}/sender?id=front', **bearer(token())) as socket:
            await read(socket)
        write_private('--new-secret', str(file), 'short', replace=True)
        async with connect(f'{server.url}/sender?id=front', **bearer(token())) as socket:
            await read(socket)
        assert 'secret held before stays in use' in caplog.text
        write_private('--new-secret', str(file), other, replace=True)
        assert await status_of(server, **bearer(token())) == 401
        new = SignedTokens(other).make(Rights())[0]
        async with connect(f'{server.url}/sender?id=front', **bearer(new)) as socket:
            await read(socket)


async def test_a_client_logs_no_token_at_any_level(
    server: SignalingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('DEBUG')
    mine = token()
    monkeypatch.setenv(TOKEN, mine)
    async with Peer(server.url, Role.SENDER, 'front').running() as peer:
        await peer.connected()
    assert 'sender front: registered' in caplog.text
    assert mine not in caplog.text


async def test_a_client_without_a_token_says_how_to_give_one(
    server: SignalingServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with Peer(server.url, Role.SENDER).running() as peer:
        await until(lambda: 'a token is required: pass it with --token-file' in caplog.text)
        assert peer.troubles == [Refusal.NO_TOKEN]


async def test_two_clients_with_one_id_and_token_do_not_fight(
    server: SignalingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TOKEN, WORDS)
    first, second = (Peer(server.url, Role.SENDER, 'front') for _ in range(2))
    async with first.running():
        await first.connected()
        async with second.running():
            await until(lambda: 'refused: id_in_use' in caplog.text)
            async with connect(f'{server.url}/sender?id=front', **bearer(WORDS)) as taker:
                await read(taker)
                await until(lambda: not first.client.connected)
                # It has lost the id, and asks for it like any other.
                await until(lambda: caplog.text.count('refused: id_in_use') == 2)
                assert await asyncio.wait_for(await taker.ping(), DEADLINE) >= 0


@pytest.mark.parametrize('host', ['0.0.0.0', '::'])
async def test_without_a_secret_others_are_not_served_unless_that_is_wanted(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    with pytest.raises(UnprotectedError) as caught:
        await SignalingServer(SignalingOptions(host=host, port=0)).start()
    for word in ('--secret-file', '--new-secret', '--allow-anonymous'):
        assert word in str(caught.value)
    anonymous = SignalingOptions(host=host, port=0, allow_anonymous=True)
    async with SignalingServer(anonymous) as server, connect(f'{server.url}/sender') as socket:
        assert (await read(socket))['type'] == 'registered'
    monkeypatch.setenv(SECRET, WORDS)
    async with SignalingServer(SignalingOptions(host=host, port=0)) as server:
        assert await status_of(server) == 401


async def test_a_secret_that_is_short_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, 'hidden')
    with pytest.raises(
        OptionError, match=f'{SECRET}: 6 characters, expected at least 16'
    ) as error:
        await SignalingServer(SignalingOptions(port=0)).start()
    assert 'hidden' not in str(error.value)
