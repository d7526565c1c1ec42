"""
JSON from strangers: one object, no surprises.

`json` alone takes NaN, the last of two equal keys and numbers of any length, and gives up on
deep nesting with RecursionError; here each of these is a `MessageError` with a code.
"""

import json
import math
from typing import Any, NoReturn

from webrtc_bridge.errors import MessageError, printable

MAX_VALUES = 1024
"""
Values in one message, counted before it is parsed, and so its depth; honest ones have thirty.

64 KiB of `1,` take 3 ms, and as much text 0.04.
"""

MAX_DIGITS = 16
'Digits of an integer; 2**53 has 16. Python itself refuses 4,300, after a quadratic effort.'


def read_object(text: str) -> dict[str, Any]:
    """
    Parse `text` as one JSON object.

    Raises: MessageError with bad_json, not_object, bad_number or duplicate_key.
    """
    # A shorter text cannot have as many.
    if len(text) > MAX_VALUES and sum(map(text.count, ',[{')) > MAX_VALUES:
        raise MessageError('bad_json', f'message: nested too deeply, or over {MAX_VALUES} values')
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise MessageError('bad_json', 'message: nested too deeply') from None
    except json.JSONDecodeError as error:
        # The message of the decoder names the place and never quotes the text.
        where = f'{error.msg}, line {error.lineno} column {error.colno}'
        raise MessageError('bad_json', f'message: not JSON: {where}') from None
    if type(value) is not dict:
        raise MessageError('not_object', f'message: {printable(value)} given, expected an object')
    return value


def write_object(value: dict[str, Any]) -> str:
    """Return `value` as compact JSON in ASCII, so that its length is its size in bytes."""
    return _encode(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MessageError('duplicate_key', f'{printable(key)}: given twice')
            seen.add(key)
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        expected = f'at most {MAX_DIGITS} digits'
        raise MessageError('bad_number', f'number: {printable(digits)} given, expected {expected}')
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MessageError(
            'bad_number', f'number: {printable(digits)} given, expected a finite one'
        )
    return value


def _constant(name: str) -> NoReturn:
    raise MessageError('bad_number', f'number: {name} given, expected a finite one')


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_real,
    parse_constant=_constant,
)
_encode = json.JSONEncoder(separators=(',', ':')).encode
