"""ICE candidates in JSON, checked before they are passed on (RFC 8839, section 5.1)."""

import re
from typing import Any

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol import fields
from webrtc_bridge.signaling.protocol.messages import IceCandidate

MAX_LENGTH = 1024
'Most characters of a candidate line; the longest honest ones have about 250.'

UFRAG = re.compile(r'[A-Za-z0-9+/]{4,256}')
'RFC 8839, section 5.4: ice-char.'
PASSWORD = re.compile(r'[A-Za-z0-9+/]{22,256}')

# The address may be a name: browsers hide theirs behind <uuid>.local (mDNS).
_LINE = re.compile(
    r'(?:a=)?candidate:[A-Za-z0-9+/]{1,32} (?P<component>\d{1,3}) (?:udp|tcp|UDP|TCP) '
    r'(?P<priority>\d{1,10}) [0-9A-Za-z.:%_-]{1,253} (?P<port>\d{1,5}) '
    r'typ (?:host|srflx|prflx|relay)(?P<extensions>(?: [ -~]*)?)',
    re.ASCII,
)
_EXPECTED = 'a candidate line like candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host'
_INDEX = 'a whole number from 0 to 255, or null'
_REF = 'candidate'


def is_candidate_line(line: str) -> bool:
    """Return whether `line` is a candidate, with or without the `a=` of a session description."""
    if len(line) > MAX_LENGTH:
        return False
    match = _LINE.fullmatch(line)
    if not match or int(match['port']) > 65535 or int(match['priority']) > 0xFFFFFFFF:
        return False
    if not 1 <= int(match['component']) <= 256:
        return False
    return 'ufrag' not in line or _has_sane_ufrag(match['extensions'])


def candidate_from_json(value: Any) -> IceCandidate | None:
    """
    Return the candidate of a `candidate` message; fields that browsers do not know are left out.

    None, and an empty line, mean the end of candidates.

    Raises: MessageError with bad_type or bad_candidate.
    """
    if value is None:
        return None
    if type(value) is not dict:
        raise fields.error('bad_type', 'candidate', value, 'an object or null', _REF)
    line = value.get('candidate')
    if type(line) is not str or (line and not is_candidate_line(line)):
        raise _error('candidate.candidate', line, _EXPECTED)
    mid = _mid(value.get('sdpMid'))
    mline_index = _mline_index(value.get('sdpMLineIndex'))
    ufrag = _ufrag(value.get('usernameFragment'))
    # https://www.w3.org/TR/webrtc/#rtcicecandidate-interface: TypeError where both are null.
    if line and mid is None and mline_index is None:
        raise _error('candidate.sdpMid', None, 'sdpMid or sdpMLineIndex')
    return IceCandidate(line, mid, mline_index, ufrag)


def candidate_to_json(candidate: IceCandidate | None) -> dict[str, Any] | None:
    """Return `candidate` as a `candidate` message carries it."""
    if candidate is None:
        return None
    value = {
        'candidate': candidate.line,
        'sdpMid': candidate.mid,
        'sdpMLineIndex': candidate.mline_index,
        'usernameFragment': candidate.ufrag,
    }
    return {key: part for key, part in value.items() if part is not None}


def _has_sane_ufrag(extensions: str) -> bool:
    words = extensions.split()
    pairs = zip(words[::2], words[1::2], strict=False)
    return all(key != 'ufrag' or UFRAG.fullmatch(value) for key, value in pairs)


def _mid(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > 64 or fields.CONTROL.search(value):
        raise _error('candidate.sdpMid', value, 'text of at most 64 characters, or null')
    return value


def _mline_index(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= 255:
        raise _error('candidate.sdpMLineIndex', value, _INDEX)
    return value


def _ufrag(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is not str or (value and not UFRAG.fullmatch(value)):
        raise _error('candidate.usernameFragment', value, '4 to 256 letters, digits, + and /')
    return value


def _error(field: str, given: object, expected: str) -> MessageError:
    return fields.error('bad_candidate', field, given, expected, _REF)
