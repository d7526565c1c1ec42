import asyncio
import ipaddress
import socket

import pytest

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.server import listen
from webrtc_bridge.signaling.server.listen import page_host, url_of
from webrtc_bridge.signaling.server.server import SignalingServer


@pytest.mark.parametrize('host', ['127.0.0.1', '::1', 'robot.local'])
def test_the_page_is_at_the_host_that_is_given(host: str) -> None:
    assert page_host(host) == host


def test_the_page_is_at_an_address_of_this_machine_where_every_interface_is_given() -> None:
    address = page_host('0.0.0.0')
    with socket.socket() as probe:
        probe.bind((address, 0))


@pytest.mark.parametrize(('host', 'found'), [('0.0.0.0', '10.0.0.7'), ('::', 'fd00::7')])
def test_without_a_default_route_it_is_at_the_first_address_that_others_reach(
    monkeypatch: pytest.MonkeyPatch, host: str, found: str
) -> None:
    def no_route(family: int, kind: int) -> socket.socket:
        raise OSError('network is unreachable')

    monkeypatch.setattr(listen.socket, 'socket', no_route)
    addresses = ['127.0.0.1', '::1', '169.254.3.4', 'fe80::1', '10.0.0.7', 'fd00::7']
    monkeypatch.setattr(listen, 'own_addresses', lambda: addresses)
    assert page_host(host) == found
    monkeypatch.setattr(listen, 'own_addresses', lambda: ['127.0.0.1', '::1'])
    assert ipaddress.ip_address(page_host(host)).is_unspecified
    assert url_of('http', page_host(host), 80) in ('http://127.0.0.1:80', 'http://[::1]:80')


async def test_the_server_says_where_its_page_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level('INFO')
    async with SignalingServer(SignalingOptions(port=0)) as server:
        assert server.page_url == f'http://127.0.0.1:{server.port}/'
        assert f'open {server.page_url} in a browser to watch' in caplog.text


async def test_every_interface_of_ipv6_is_every_one_of_ipv4_too() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(('::1', 0))
        except OSError:
            pytest.skip('needs IPv6')
        port = probe.getsockname()[1]
    options = SignalingOptions(host='::', port=port, allow_anonymous=True)
    async with SignalingServer(options):
        for host in ('127.0.0.1', '::1'):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
