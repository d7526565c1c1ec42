"""Messages of sessions, of 1 kB each, that pass all checks of the server."""

from benchmark.programs.signaling.raw_peers import message

SIZE = 1000
FINGERPRINT = ':'.join(['AB'] * 32)
SDP = (
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'
    f'c=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:{"p" * 24}\r\n'
    f'a=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\na=rtpmap:96 H264/90000\r\n'
)
CANDIDATE = 'candidate:1 1 udp 2122260223 10.0.0.1 50000 typ host '

MOST_CANDIDATES = 60
'Candidates of each side; the server accepts 64.'


def padded_sdp() -> str:
    """Return a description that makes its message `SIZE` bytes long."""
    return SDP + f'a=x-padding:{"x" * (SIZE - len(SDP) - 160)}\r\n'


def description(kind: str, to: dict[str, str]) -> bytes:
    """Return an `offer` or `answer`."""
    return message(kind, **to, **{kind: {'type': kind, 'sdp': padded_sdp()}})


def candidate(to: dict[str, str], text: str = '') -> bytes:
    """Return a candidate that contains `text`."""
    line = CANDIDATE + f'network-id {text or 1} '
    line += 'x' * (SIZE - len(line) - 120)
    return message('candidate', **to, candidate={'candidate': line, 'sdpMid': '0'})
