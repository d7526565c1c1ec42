"""The STUN and TURN servers that peers get, and their passwords."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.signaling.broker_harness import BrokerHarness
from support.signaling.waiting import read
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ServerOptions, SignalingOptions
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import IceServer, Message, Role, SenderPresent
from webrtc_bridge.signaling.server.ice_servers import (
    TURN_SECRET,
    IceServers,
    TurnCredentials,
    turn_credentials,
)
from webrtc_bridge.signaling.server.server import SignalingServer

TURN = 'turn:turn.example:3478?transport=udp'
LOGIN = {'username': 'u', 'credential': 'c'}


@pytest.mark.parametrize(
    ('peer_id', 'username', 'credential'),
    [
        ('front', '1433895918:front', 'Xlsql5xItCeI5jwXuIzY7nlhS8U='),
        ('', '1433895918', '3dkl8uIBelQlraT8v9eCSJTyt+U='),
    ],
)
def test_a_password_is_the_hmac_that_coturn_makes(
    peer_id: str, username: str, credential: str
) -> None:
    # From: printf USERNAME | openssl dgst -sha1 -hmac north -binary | base64
    assert turn_credentials('north', 1433895918, peer_id) == TurnCredentials(username, credential)


def test_a_turn_server_comes_with_a_password_until_the_end_of_its_lifetime() -> None:
    servers = IceServers(['stun:stun.example', TURN], '', 'north', 600, now=lambda: 1433895318.7)
    assert servers.expire
    assert servers.for_peer('front') == (
        IceServer(('stun:stun.example',)),
        IceServer((TURN,), '1433895918:front', 'Xlsql5xItCeI5jwXuIzY7nlhS8U='),
    )


def test_servers_without_turn_do_not_expire(caplog: pytest.LogCaptureFixture) -> None:
    assert not IceServers(['stun:stun.example']).expire
    assert caplog.text == ''
    IceServers(['stun:stun.example'], secret='north')
    assert f'{TURN_SECRET} is set, but no TURN server' in caplog.text


@pytest.mark.parametrize(
    'url',
    [
        'stun:host',
        'stun:host:3478',
        'stuns:host',
        'stun:[2001:db8::1]:3478',
        'turn:192.0.2.7',
        'turn:host:443?transport=tcp',
        'turns:host:5349?transport=tcp',
    ],
)
def test_a_url_of_the_rfcs_is_taken(url: str) -> None:
    (server,) = IceServers([url], secret='north').for_peer('front')
    assert server.urls == (url,)


@pytest.mark.parametrize(
    'url',
    [
        '',
        'host:3478',
        'stun:',
        'stun://host',
        'stun:host:',
        'stun:host:0',
        'stun:host:65536',
        'stun:host:port',
        'stun:host?transport=udp',
        'turn:host?transport=sctp',
        'turn:host transport',
        'turn:user:hidden@host:3478',
        'http://host',
    ],
)
def test_what_is_not_a_url_is_an_option_error_without_passwords(url: str) -> None:
    with pytest.raises(OptionError, match=r'ice_servers: .*stun:host:port') as caught:
        IceServers([url], secret='north')
    assert 'hidden' not in str(caught.value)


def test_a_turn_server_that_nobody_could_log_in_to_is_an_option_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=f'ice_servers: .*{TURN_SECRET}'):
        IceServers([TURN])
    with pytest.raises(OptionError, match=f'ice_servers_file: .*{TURN_SECRET}'):
        IceServers(file=written(tmp_path, [{'urls': [TURN]}]))


def written(folder: Path, servers: list[dict[str, Any]], mode: int = 0o600) -> str:
    file = folder / 'ice.json'
    file.write_text(json.dumps(servers))
    file.chmod(mode)
    return str(file)


def test_a_password_of_the_file_is_sent_as_it_is(tmp_path: Path) -> None:
    static, bare = {'urls': [TURN], **LOGIN}, {'urls': TURN}
    servers = IceServers(file=written(tmp_path, [static, bare]), secret='north').for_peer('front')
    assert servers[0] == IceServer((TURN,), **LOGIN)
    assert servers[1].username.endswith(':front')


@pytest.mark.parametrize(('mode', 'warned'), [(0o600, False), (0o640, False), (0o644, True)])
def test_passwords_that_everybody_may_read_are_warned_of(
    tmp_path: Path, mode: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, [{'urls': TURN, **LOGIN}], mode)
    IceServers(file=file)
    assert (f'every user can read the passwords in {file}' in caplog.text) is warned


def test_peers_get_new_ones_before_their_passwords_expire() -> None:
    told = iter(range(10))
    harness = BrokerHarness(
        Limits(ice_servers_renewal=30.0),
        ice_servers=lambda peer_id: [IceServer((TURN,), f'{next(told)}:{peer_id}')],
    )
    harness.join('s', Role.SENDER, 'front')
    assert harness.read('s')[0]['ice_servers'][0]['username'] == '0:front'
    harness.connect('unregistered')
    for _ in range(3):
        harness.wait(9.0)
    assert harness.read('s') == []
    harness.wait(9.0)
    renewed = {'urls': TURN, 'username': '1:front'}
    assert harness.read('s') == [{'type': 'ice_servers', 'ice_servers': [renewed]}]
    harness.wait(9.0)
    assert harness.read('s') == []


def test_peers_get_servers_once_where_nothing_expires() -> None:
    harness = BrokerHarness(ice_servers=lambda peer_id: [IceServer(('stun:stun.example',))])
    harness.join('s', Role.SENDER, 'front')
    harness.read('s')
    for _ in range(100):
        harness.wait(1e5)
    assert harness.read('s') == []


async def test_each_registration_gets_passwords_of_its_own_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TURN_SECRET, 'north\n')
    options = SignalingOptions(port=0, ice_servers=(TURN,), turn_lifetime=600.0)
    with caplog.at_level(logging.DEBUG):
        async with SignalingServer(options) as server:
            for role in ('sender', 'receiver'):
                async with connect(f'{server.url}/{role}?id=me') as socket:
                    (told,) = (await read(socket))['ice_servers']
                username, credential = told['username'], told['credential']
                digest = hmac.digest(b'north', username.encode(), hashlib.sha1)
                assert base64.b64decode(credential) == digest
                assert username.endswith(':me')
    assert 'north' not in caplog.text


async def test_a_client_takes_the_new_ones() -> None:
    async def serve_peer(socket: ServerConnection) -> None:
        for message in (
            {'type': 'registered', 'receiver_id': 'ros', 'ice_servers': [{'urls': 'stun:old'}]},
            {'type': 'ice_servers', 'ice_servers': [{'urls': 'stun:new'}]},
            {'type': 'ice_servers', 'ice_servers': 'nonsense'},
            {'type': 'sender', 'sender_id': 'front'},
        ):
            await socket.send(json.dumps(message))
        await socket.wait_closed()

    messages: asyncio.Queue[Message] = asyncio.Queue()

    class Listener(SignalingListener):
        def on_message(self, message: Message) -> None:
            messages.put_nowait(message)

    async with serve(serve_peer, '127.0.0.1', 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        access = ServerAccess.of(ServerOptions(f'ws://127.0.0.1:{port}'))
        client = SignalingClient(access, Role.RECEIVER, Listener())
        running = asyncio.ensure_future(client.run())
        try:
            assert await asyncio.wait_for(messages.get(), 10.0) == SenderPresent('front')
            assert client.ice_servers == (IceServer(('stun:new',)),)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
