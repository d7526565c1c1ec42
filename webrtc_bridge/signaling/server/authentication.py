"""Authenticate WebSocket requests by token."""

import asyncio
import base64
import binascii
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping

from webrtc_bridge.errors import UnusableValueError
from webrtc_bridge.program.files import Followed
from webrtc_bridge.program.own_command import own_command
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.secret_file import MAX_SECRET, read_secret
from webrtc_bridge.signaling.server.admission import network_of
from webrtc_bridge.signaling.server.signed_tokens import NoTokenError, SignedTokens, TokenError

SECRET = 'WEBRTC_BRIDGE_SECRET'
'Environment variable with the secret.'

MIN_SECRET = 16
'Characters; the secrets that we make have 256 random bits.'

PROTOCOL = 'webrtc_bridge.v1'
'WebSocket subprotocol of pages, which cannot set headers.'

TOKEN_PROTOCOL = 'webrtc_bridge.token.'
'Start of a second one; the token follows in base64url (RFC 4648, section 5), unpadded.'

DELAY = 1.0
'Seconds that the bearer of a wrong token waits for the answer.'

MAX_WAITING = 64
MAX_WAITING_PER_ADDRESS = 8
'Requests that wait at a time; any more are answered with 429.'


def read_server_secret(option: str, file: str) -> str:
    """
    Return the secret in `file`, or else in the environment; empty if there is none.

    Raises: UnusableValueError, also for one that is too short.
    """
    secret = read_secret(option, file, SECRET)
    if secret and len(secret) < MIN_SECRET:
        maker = own_command('token --new-secret FILE')
        expected = f'at least {MIN_SECRET}; {maker} makes one'
        raise UnusableValueError(file or SECRET, f'{len(secret)} characters', expected)
    return secret


def is_page(headers: Mapping[str, str]) -> bool:
    """Return whether a request offers the subprotocol of pages."""
    return PROTOCOL in _protocols(headers)


class Authentication:
    """
    Check tokens against the secret in a file or the environment; without one, all have all rights.

    A new secret in the file is used from then on, and revokes all tokens.

    Raises: UnusableValueError, RequirementError.
    """

    def __init__(self, secret_file: str = '') -> None:
        def read() -> SignedTokens | None:
            secret = read_server_secret('secret_file', secret_file)
            return SignedTokens(secret) if secret else None

        self._tokens = Followed(read, *filter(None, (secret_file,)))

    @property
    def is_on(self) -> bool:
        """Return whether a token is needed."""
        return self._tokens.current() is not None

    def check(self, headers: Mapping[str, str]) -> Rights:
        """
        Return the rights that the token in these headers gives.

        Raises: TokenError.
        """
        tokens = self._tokens.current()
        if tokens is None:
            return Rights()
        token = _token(headers)
        if not token:
            raise NoTokenError
        if len(token) > MAX_SECRET:
            raise TokenError('wrong')
        return tokens.check(token)


class AuthThrottle:
    """Delay the answers to wrong tokens, but never more of them than the server can bear."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def wait(self, address: str) -> AsyncIterator[bool]:
        """Wait `DELAY` and yield True, or False at once if too many are waiting."""
        source = network_of(address)
        full = self._waiting.total() >= MAX_WAITING
        if full or self._waiting[source] >= MAX_WAITING_PER_ADDRESS:
            yield False
            return
        self._waiting[source] += 1
        try:
            await asyncio.sleep(DELAY)
            yield True
        finally:
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get('Authorization', '').partition(' ')
    if scheme.lower() == 'bearer':
        return token.strip()
    for protocol in _protocols(headers):
        if protocol.startswith(TOKEN_PROTOCOL):
            return _decoded(protocol.removeprefix(TOKEN_PROTOCOL))
    return ''


def _protocols(headers: Mapping[str, str]) -> list[str]:
    return [part.strip() for part in headers.get('Sec-WebSocket-Protocol', '').split(',')]


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return text
