from typing import Any

import pytest
from support.signaling.signaling_samples import CANDIDATE

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.ice_candidate import candidate_from_json, candidate_to_json

LINE = CANDIDATE['candidate']


def changed(**fields: Any) -> dict[str, Any]:
    return {**CANDIDATE, **fields}


def passed_on(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return candidate_to_json(candidate_from_json(value))


@pytest.mark.parametrize(
    'value',
    [
        {},
        {'sdpMid': '0'},
        changed(candidate=None),
        changed(candidate=7),
        changed(candidate='nonsense'),
        changed(candidate=LINE + '\n'),
        changed(candidate=LINE + '\r\na=crypto:1'),
        changed(candidate=LINE + '\x00'),
        changed(candidate=LINE + ' ü x'),
        changed(candidate=LINE + ' x' * 600),
        changed(candidate=LINE.replace('50000', '65536')),
        changed(candidate=LINE.replace('2122260223', '4294967296')),
        changed(candidate=LINE.replace(' 1 udp', ' 0 udp')),
        changed(candidate=LINE.replace('udp', 'sctp')),
        changed(candidate=LINE.replace('host', 'guest')),
        changed(candidate=LINE.replace('192.0.2.1', '192.0.2.1;id')),
        changed(candidate=LINE.replace('ufrag ufrg', 'ufrag abc')),
        changed(candidate=LINE.replace('ufrag ufrg', 'ufrag ' + 'u' * 257)),
        changed(sdpMid=0),
        changed(sdpMid='m' * 65),
        changed(sdpMid='0\r\n'),
        changed(sdpMLineIndex='0'),
        changed(sdpMLineIndex=True),
        changed(sdpMLineIndex=-1),
        changed(sdpMLineIndex=256),
        changed(sdpMLineIndex=0.5),
        changed(usernameFragment='abc'),
        changed(usernameFragment=7),
        {'candidate': LINE},
        {'candidate': LINE, 'sdpMid': None, 'sdpMLineIndex': None},
    ],
)
def test_a_candidate_that_must_not_pass_is_bad_candidate(value: dict[str, Any]) -> None:
    with pytest.raises(MessageError) as caught:
        candidate_from_json(value)
    assert (caught.value.code, caught.value.ref) == ('bad_candidate', 'candidate')
    assert caught.value.message.isprintable()


@pytest.mark.parametrize('value', ['text', 7, [], True])
def test_what_is_not_an_object_is_a_bad_type(value: object) -> None:
    with pytest.raises(MessageError) as caught:
        candidate_from_json(value)
    assert caught.value.code == 'bad_type'


@pytest.mark.parametrize(
    'line',
    [
        LINE,
        f'a={LINE}',
        'candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0',
        'candidate:1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active',
        'candidate:0 1 UDP 2122252543 2001:db8::1 5000 typ host',
        'candidate:2 1 udp 2113937151 8a3b0c4e-5d1f-4a0e-9d3e-1f2a3b4c5d6e.local 5000 typ host ',
        'candidate:3 2 udp 5 192.0.2.1 3478 typ relay raddr 10.0.0.1 rport 9 ufrag aB+/',
        '',
    ],
)
def test_an_ordinary_candidate_passes(line: str) -> None:
    assert passed_on(changed(candidate=line)) == changed(candidate=line)


def test_the_end_of_candidates_passes() -> None:
    assert passed_on(None) is None
    assert passed_on({'candidate': ''}) == {'candidate': ''}


def test_fields_that_no_browser_knows_are_not_passed_on() -> None:
    assert passed_on(changed(extra='x', usernameFragment='ufrg')) == changed(
        usernameFragment='ufrg'
    )
