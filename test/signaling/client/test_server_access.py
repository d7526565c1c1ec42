import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.signaling.client.server_access import check_server_url, peer_url, shown
from webrtc_bridge.signaling.protocol.messages import Role


@pytest.mark.parametrize(
    'url',
    [
        '',
        'robot:8080',
        'http://robot:8080',
        'https://robot',
        'ws://',
        'ws://:8080',
        'ws://robot:port',
        'ws://robot:99999',
        'ws://robot:0',
        'ws://[::1',
        'ws://robot/#x',
        'ws://robot\n/x',
        'ws://ro bot',
        'ws://' + 'a' * 64 + '.example',
    ],
)
def test_an_unusable_url_is_an_option_error(url: str) -> None:
    with pytest.raises(OptionError):
        check_server_url(url)


@pytest.mark.parametrize('url', ['http://me:hidden@robot', 'me:hidden@robot', 'ws://me:hidden@:1'])
def test_a_refused_url_is_shown_without_its_password(url: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_server_url(url)
    assert 'hidden' not in str(caught.value)


def test_a_url_is_shown_without_its_secrets() -> None:
    parts = check_server_url('wss://me:hidden@robot:8443/base/?token=hidden')
    assert shown(parts) == 'wss://robot:8443/base'


def test_a_peer_registers_by_path_and_query() -> None:
    parts = check_server_url('ws://robot:8080')
    assert peer_url(parts, Role.RECEIVER, {'id': ''}) == 'ws://robot:8080/receiver'
    assert (
        peer_url(parts, Role.SENDER, {'id': 'front', 'name': 'A & B ü'})
        == 'ws://robot:8080/sender?id=front&name=A%20%26%20B%20%C3%BC'
    )


def test_what_the_url_has_is_kept() -> None:
    parts = check_server_url('wss://me:pw@robot/base/?token=t')
    url = peer_url(parts, Role.SENDER, {'id': 'a', 'name': ''})
    assert url == 'wss://me:pw@robot/base/sender?token=t&id=a'
