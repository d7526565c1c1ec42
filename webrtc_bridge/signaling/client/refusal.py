"""Reasons why a client is not registered: a kind for programs, and words for people."""

import enum
import ssl
from http import HTTPStatus

from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException
from websockets.http11 import Response

from webrtc_bridge.errors import OptionError, describe, printable
from webrtc_bridge.signaling.client.client_tls import why_not_trusted
from webrtc_bridge.signaling.client.server_access import TOKEN, ServerAccess
from webrtc_bridge.signaling.protocol.messages import ErrorReply

CONNECT_ERRORS = (OptionError, WebSocketException, EOFError, OSError)
'Errors of an attempt to connect; ssl.SSLError and TimeoutError are OSErrors.'


class Refusal(enum.Enum):
    """Kinds of reasons why a client is not registered."""

    NO_TOKEN = 'no token'
    BAD_TOKEN = 'bad token'
    FORBIDDEN = 'forbidden'
    'The token has no right to this role or id.'
    REGISTRATION = 'registration'
    'The server refused the registration for another reason.'
    HTTP_STATUS = 'HTTP status'
    NOT_HTTP = 'not HTTP'
    TLS = 'TLS'
    UNREACHABLE = 'unreachable'
    OPTION = 'option'
    'An option, or a file that it names, cannot be used.'
    CLOSED = 'closed'
    'The server closed the connection before the client was registered.'


def refusal_of(error: Exception, access: ServerAccess) -> tuple[Refusal, str]:
    """Return what one of `CONNECT_ERRORS` means."""
    match error:
        case InvalidStatus():
            return _refusal_of_response(error.response, access)
        case ssl.SSLError():
            return Refusal.TLS, why_not_trusted(error)
        case OptionError():
            return Refusal.OPTION, f'not tried: {error}'
        case InvalidMessage() | EOFError():  # which one depends on websockets' version
            other = 'ws://' if access.tls else 'wss://'
            return Refusal.NOT_HTTP, f'no HTTP response; is it at {other}?'
        case _:
            return Refusal.UNREACHABLE, f'not reachable: {describe(error)}'


def refusal_of_reply(reply: ErrorReply) -> tuple[Refusal, str]:
    """Return what an error reply to a registration means."""
    kind = Refusal.FORBIDDEN if reply.code == 'forbidden' else Refusal.REGISTRATION
    return kind, f'refused: {reply.code}: {printable(reply.message, 200)}'


def _refusal_of_response(response: Response, access: ServerAccess) -> tuple[Refusal, str]:
    if response.status_code != HTTPStatus.UNAUTHORIZED:
        return Refusal.HTTP_STATUS, f'refused with HTTP status {response.status_code}'
    if not access.token:
        text = 'a token is required: pass it with --token-file (token_file) or in ' + TOKEN
        return Refusal.NO_TOKEN, text
    body = (response.body or b'').decode(errors='replace').strip()
    return Refusal.BAD_TOKEN, f'token refused: {printable(body.removeprefix("token: "), 200)}'
