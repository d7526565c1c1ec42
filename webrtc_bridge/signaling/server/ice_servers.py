"""The STUN and TURN servers that peers get in `registered`."""

import base64
import hashlib
import hmac
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from webrtc_bridge.errors import MessageError, OptionError, describe
from webrtc_bridge.program.files import read_bounded
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.signaling.protocol.ice_server import ice_server_from_json
from webrtc_bridge.signaling.protocol.json_text import read_object
from webrtc_bridge.signaling.protocol.messages import IceServer

TURN_SECRET = 'WEBRTC_BRIDGE_TURN_SECRET'
"""
Environment variable with the secret shared with the TURN server, coturn's `static-auth-secret`.

Not an option: every node can read parameters, and every user command lines.
"""

_URL = re.compile(
    r'(?P<scheme>stuns?|turns?):(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])'
    r'(?::(?P<port>[0-9]{1,5}))?(?P<transport>\?transport=(?:udp|tcp))?'
)
'RFC 7064 and RFC 7065, section 3.1.'

_EXPECTED = 'stun:host:port, turn:host:port?transport=udp|tcp or turns:host:port'
_SECRET_EXPECTED = (
    f'a secret in {TURN_SECRET}, or this TURN server with its password in ice_servers_file'
)
_KEYS = {'urls', 'username', 'credential'}
_FILE = 'a JSON file like [{"urls": "turn:host:3478", "username": "…", "credential": "…"}]'
MAX_FILE = 32768

logger = logging.getLogger(__name__)


class IceServers:
    """
    The servers in `urls`, from the option `ice_servers`, and in `file`, if one is given.

    TURN servers without a password of their own get one made from `secret`, valid for `lifetime`
    seconds from when it is sent to a peer; `now` returns Unix time in seconds.

    Raises: OptionError, also for a file that cannot be read, and for a TURN server without a
    password, which would make browsers refuse the whole list.
    """

    def __init__(
        self,
        urls: Iterable[str] = (),
        file: str = '',
        secret: str = '',
        lifetime: float = 43200.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._lifetime = lifetime
        self._now = now
        self._servers: list[IceServer] = []
        for url in urls:
            if not _is_url(url):
                raise OptionError('ice_servers', without_credentials(url), _EXPECTED)
            self._add(IceServer((url,)), 'ice_servers')
        for server in _read(file) if file else []:
            self._add(server, 'ice_servers_file')
        if secret and not self.expire:
            logger.warning('%s is set, but no TURN server needs it', TURN_SECRET)

    @property
    def expire(self) -> bool:
        """Return whether passwords are valid for a limited time only."""
        return any(map(_wants_password, self._servers))

    def for_peer(self, peer_id: str) -> tuple[IceServer, ...]:
        """Return the servers to send to `peer_id` now."""
        expires = int(self._now() + self._lifetime)
        login = turn_credentials(self._secret, expires, peer_id)
        return tuple(
            replace(server, username=login.username, credential=login.credential)
            if _wants_password(server)
            else server
            for server in self._servers
        )

    def _add(self, server: IceServer, option: str) -> None:
        if _wants_password(server) and not self._secret:
            raise OptionError(option, ', '.join(server.urls), _SECRET_EXPECTED)
        self._servers.append(server)


@dataclass(frozen=True)
class TurnCredentials:
    """Login of a TURN client."""

    username: str
    credential: str


def turn_credentials(secret: str, expires: int, peer_id: str = '') -> TurnCredentials:
    """
    Return a login that is valid until `expires` (Unix time, s) where `secret` is known.

    As "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00, section 2.2)
    makes them, and coturn accepts them with `use-auth-secret` and `static-auth-secret`: the
    server, which knows the same secret, needs no list of users. `peer_id` is for its log.
    """
    username = f'{expires}:{peer_id}' if peer_id else str(expires)
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return TurnCredentials(username, base64.b64encode(digest).decode())


def secret_of_environment() -> str:
    """Return the secret for TURN passwords; empty if there is none."""
    return os.environ.get(TURN_SECRET, '').strip()


def _wants_password(server: IceServer) -> bool:
    is_turn = any(url.startswith('turn') for url in server.urls)
    return is_turn and not (server.username and server.credential)


def _read(file: str) -> list[IceServer]:
    try:
        text = read_bounded(file, MAX_FILE).decode()
        mode = Path(file).stat().st_mode
    except OSError as error:
        expected = f'a readable file ({describe(error)})'
        raise OptionError('ice_servers_file', file, expected) from None
    except ValueError:
        raise OptionError('ice_servers_file', file, _FILE) from None
    try:
        servers = _parsed(text)
    except MessageError:  # not shown: it could quote a password
        raise OptionError('ice_servers_file', file, _FILE) from None
    if mode & stat.S_IROTH and any(server.credential for server in servers):
        logger.warning('every user can read the passwords in %s: run chmod o-r on it', file)
    return servers


def _parsed(text: str) -> list[IceServer]:
    values = read_object(f'{{"servers":{text}}}')['servers']
    if type(values) is not list:
        raise MessageError('bad_type', 'servers: expected a list')
    return [_server(value) for value in values]


def _server(value: Any) -> IceServer:
    server = ice_server_from_json(value)
    if not set(value) <= _KEYS or not all(map(_is_url, server.urls)):
        raise MessageError('bad_type', f'servers: expected {_EXPECTED}')
    return server


def _is_url(url: str) -> bool:
    match = _URL.fullmatch(url)
    if match is None or (match['transport'] and not match['scheme'].startswith('turn')):
        return False
    return match['port'] is None or 0 < int(match['port']) < 65536
