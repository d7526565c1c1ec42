"""
Session descriptions, checked before they are passed on (RFC 8866, RFC 8827).

Not a full parser: it rejects what has no encryption, what hides lines, and what would cost its
reader more than its size.
"""

import re
from typing import Any

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.signaling.protocol import fields
from webrtc_bridge.signaling.protocol.ice_candidate import PASSWORD, UFRAG, is_candidate_line

# RFC 8829, section 5.1.2, without the profiles that an old peer may spell in other ways.
_MEDIA = ('UDP/TLS/RTP/SAVPF', 'TCP/TLS/RTP/SAVPF')
_DATA = ('UDP/DTLS/SCTP', 'TCP/DTLS/SCTP', 'DTLS/SCTP')
MAX_LINES = 1024
'A browser writes 200 for one video; each costs a reader more than its bytes.'

_LINE = re.compile(r'[a-z]=[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*')
_MEDIA_LINE = re.compile(r'm=[a-z]+ \d{1,5}(?:/\d{1,5})? (?P<protocol>[A-Z/]+) [!-~ ]+')
_FINGERPRINT = re.compile(
    r'a=fingerprint:sha-(?:256|384|512) [0-9A-F]{2}(?::[0-9A-F]{2}){31,63}', re.IGNORECASE
)


def check_description(value: Any, kind: str) -> str:
    """
    Return the SDP of `value`, which must be `{"type": kind, "sdp": …}`.

    Raises: MessageError with bad_type or bad_sdp.
    """
    if type(value) is not dict:
        raise fields.error('bad_type', kind, value, 'an object with type and sdp', kind)
    if value.get('type') != kind:
        raise fields.error('bad_sdp', f'{kind}.type', value.get('type'), f"'{kind}'", kind)
    sdp = value.get('sdp')
    if type(sdp) is not str:
        raise fields.error('bad_sdp', f'{kind}.sdp', sdp, 'text', kind)
    try:
        _check_lines(sdp.replace('\r\n', '\n').removesuffix('\n').split('\n'))
    except ValueError as error:
        raise MessageError('bad_sdp', f'{kind}.sdp: {error}', kind) from None
    return sdp


def count_candidates(sdp: str) -> int:
    """Return how many candidates a checked SDP carries."""
    return sdp.count('\na=candidate:')


def _check_lines(lines: list[str]) -> None:
    if len(lines) > MAX_LINES:
        raise ValueError(f'{len(lines)} lines given, expected at most {MAX_LINES}')
    if lines[0] != 'v=0':
        raise ValueError(f'{printable(lines[0])} given, expected v=0 as its first line')
    media = fingerprints = 0
    for line in lines:
        if not _LINE.fullmatch(line):
            raise ValueError(f'{printable(line)} given, expected a line like a=value')
        if line.startswith('m='):
            media += _is_media(line)
        elif line.startswith('a='):
            _check_attribute(line)
            fingerprints += bool(_FINGERPRINT.fullmatch(line))
    if not media:
        raise ValueError(f'no media over {_MEDIA[0]}')
    if not fingerprints:
        raise ValueError('no a=fingerprint of SHA-256 or stronger')


def _is_media(line: str) -> bool:
    match = _MEDIA_LINE.fullmatch(line)
    protocol = match['protocol'] if match else ''
    if protocol not in _MEDIA and protocol not in _DATA:
        raise ValueError(f'{printable(line)} given, expected media over {_MEDIA[0]}')
    return protocol in _MEDIA


def _check_attribute(line: str) -> None:
    name, _, value = line[2:].partition(':')
    if name == 'crypto':
        raise ValueError('a=crypto given, expected keys from DTLS alone')
    if name == 'candidate' and not is_candidate_line(line):
        raise ValueError(f'{printable(line)} given, expected a candidate')
    if name == 'ice-ufrag' and not UFRAG.fullmatch(value):
        raise ValueError(f'{printable(line)} given, expected 4 to 256 characters')
    if name == 'ice-pwd' and not PASSWORD.fullmatch(value):
        raise ValueError('a=ice-pwd given, expected 22 to 256 characters')
