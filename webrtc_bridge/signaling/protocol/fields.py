"""Checks of the fields of a message; each raises `MessageError`, naming the field."""

import re
from typing import Any

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.options import PEER_ID, PEER_ID_RULE
from webrtc_bridge.signaling.protocol.messages import Role

MAX_TEXT = 128
'Most characters of a name, or of a reason.'

CONTROL = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
'Control characters, other ends of lines, and surrogates, which UTF-8 cannot carry.'

_PLAIN = f'text of at most {MAX_TEXT} characters without control characters'
_ID = PEER_ID_RULE['expected']


def error(code: str, field: str, given: object, expected: str, ref: str | None) -> MessageError:
    """Return an error with the value of `field` in the message `ref`, and what was expected."""
    return MessageError(code, f'{field}: {printable(given)} given, expected {expected}', ref)


def required(fields: dict[str, Any], field: str, ref: str | None) -> Any:
    """Return the field, whatever it holds; missing_field if it is absent."""
    if field not in fields:
        raise MessageError('missing_field', f'{field}: missing', ref)
    return fields[field]


def required_text(fields: dict[str, Any], field: str, ref: str | None) -> str:
    """Return a text that is required; missing_field or bad_type."""
    return _text(required(fields, field, ref), field, ref)


def optional_text(fields: dict[str, Any], field: str, ref: str | None) -> str:
    """Return a text, '' if it is absent; bad_type."""
    return _text(fields.get(field, ''), field, ref)


def plain_text(fields: dict[str, Any], field: str, ref: str | None) -> str:
    """Return a short text for people, '' if it is absent; bad_type."""
    value = optional_text(fields, field, ref)
    if len(value) > MAX_TEXT or CONTROL.search(value):
        raise error('bad_type', field, value, _PLAIN, ref)
    return value


def shortened(reason: str) -> str:
    """Return as much of `reason` as a message may carry: with more, the server would refuse it."""
    return reason if len(reason) <= MAX_TEXT else f'{reason[: MAX_TEXT - 1]}…'


def own_id(fields: dict[str, Any], ref: str | None) -> str:
    """Return the id that a peer asks for, '' for none; bad_type or bad_id."""
    value = optional_text(fields, 'id', ref)
    if value and not PEER_ID.fullmatch(value):
        raise error('bad_id', 'id', value, _ID, ref)
    return value


def target_id(fields: dict[str, Any], field: str, ref: str | None) -> str:
    """Return the id of the peer addressed; missing_field, bad_type or bad_target."""
    value = required_text(fields, field, ref)
    if not PEER_ID.fullmatch(value):
        raise error('bad_target', field, value, f'an id: {_ID}', ref)
    return value


def role(fields: dict[str, Any], ref: str | None) -> Role:
    """Return the role; missing_field or bad_type."""
    value = required_text(fields, 'role', ref)
    if value not in ('sender', 'receiver'):
        raise error('bad_type', 'role', value, 'sender or receiver', ref)
    return Role(value)


def yes_or_no(fields: dict[str, Any], field: str, ref: str | None) -> bool:
    """Return a truth value, in a query 1 or 0, True if it is absent; bad_type."""
    value = fields.get(field, True)
    if type(value) is not bool and value not in ('0', '1'):
        raise error('bad_type', field, value, 'true or false', ref)
    return value in (True, '1')


def _text(value: Any, field: str, ref: str | None) -> str:
    if type(value) is not str:
        raise error('bad_type', field, value, 'text', ref)
    return value
