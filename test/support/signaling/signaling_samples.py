"""Canned parts of signaling messages that the server has no reason to refuse."""

import json
from typing import Any

FINGERPRINT = 'a=fingerprint:sha-256 ' + ':'.join(['A1'] * 32)
SDP = '\r\n'.join(
    [
        'v=0',
        'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        'a=group:BUNDLE 0',
        FINGERPRINT,
        'm=video 9 UDP/TLS/RTP/SAVPF 96',
        'c=IN IP4 0.0.0.0',
        'a=mid:0',
        'a=ice-ufrag:ufrg',
        'a=ice-pwd:' + 'p' * 22,
        'a=rtpmap:96 H264/90000',
        '',
    ]
)
CANDIDATE = {
    'candidate': 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0 ufrag ufrg',
    'sdpMid': '0',
    'sdpMLineIndex': 0,
}


def description(kind: str, sdp: str = SDP) -> dict[str, str]:
    return {'type': kind, 'sdp': sdp}


def text(kind: str, **fields: Any) -> str:
    return json.dumps({'type': kind, **fields})
