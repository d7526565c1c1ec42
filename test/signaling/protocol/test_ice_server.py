from typing import Any

import pytest

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.ice_server import ice_server_from_json, ice_server_to_json
from webrtc_bridge.signaling.protocol.messages import IceServer

LOGIN = {'username': 'u', 'credential': 'hidden'}


@pytest.mark.parametrize(
    ('value', 'server'),
    [
        ({'urls': 'stun:a'}, IceServer(('stun:a',))),
        ({'urls': ['stun:a', 'turn:b'], **LOGIN}, IceServer(('stun:a', 'turn:b'), 'u', 'hidden')),
    ],
)
def test_urls_are_one_text_or_a_list(value: dict[str, Any], server: IceServer) -> None:
    assert ice_server_from_json(value) == server
    assert ice_server_to_json(server) == value


def test_what_is_left_empty_is_left_out() -> None:
    value = {'urls': ['stun:a'], 'username': None, 'credential': '', 'credentialType': 'password'}
    assert ice_server_from_json(value) == IceServer(('stun:a',))
    assert ice_server_to_json(IceServer(('stun:a',))) == {'urls': 'stun:a'}


@pytest.mark.parametrize(
    'value',
    [
        'stun:a',
        {},
        {'urls': None},
        {'urls': 5},
        {'urls': []},
        {'urls': ['stun:a', 5]},
        {'urls': {'stun:a': LOGIN}},
        {'urls': 'turn:a', 'username': 5, 'credential': 'hidden'},
        {'urls': 'turn:a', 'username': 'u', 'credential': ['hidden']},
    ],
    ids=repr,
)
def test_what_is_not_a_server_is_a_bad_type(value: object) -> None:
    with pytest.raises(MessageError) as caught:
        ice_server_from_json(value)
    assert caught.value.code == 'bad_type'
    assert 'hidden' not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    assert 'hidden' not in repr(IceServer(('turn:a',), **LOGIN))
