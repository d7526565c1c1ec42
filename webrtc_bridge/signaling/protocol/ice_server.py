"""STUN and TURN servers in JSON, as `RTCPeerConnection` takes them in a browser."""

from typing import Any

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.messages import IceServer


def ice_server_from_json(value: Any) -> IceServer:
    """
    Return the server that `value` describes; its `urls` are one text or a list of them.

    Raises: MessageError, which never shows what may be a password.
    """
    if type(value) is not dict:
        raise _error('', 'an object')
    urls = value.get('urls')
    urls = urls if type(urls) is list else [urls]
    if not urls or not all(type(url) is str for url in urls):
        raise _error('.urls', 'a URL or a list of them')
    return IceServer(tuple(urls), _text(value, 'username'), _text(value, 'credential'))


def ice_server_to_json(server: IceServer) -> dict[str, Any]:
    """Return `server` as the protocol spells it."""
    urls = server.urls[0] if len(server.urls) == 1 else list(server.urls)
    login = {'username': server.username, 'credential': server.credential}
    return {'urls': urls} | {key: text for key, text in login.items() if text}


def _text(value: dict[str, Any], field: str) -> str:
    text = value.get(field)
    if text is None:
        return ''
    if type(text) is not str:
        raise _error(f'.{field}', 'text')
    return text


def _error(field: str, expected: str) -> MessageError:
    return MessageError('bad_type', f'ice_servers{field}: expected {expected}')
