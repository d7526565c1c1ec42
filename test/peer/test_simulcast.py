import pytest
from support.peers.sdp_samples import CHROMIUM

from webrtc_bridge.peer.simulcast import taking_best_layer

NAMES = 'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n'
ANSWER = 'v=0\r\nm=video 9 x 96\r\na=mid:0\r\nm=application 9 x y\r\na=mid:1\r\n'


def offer(*rids: str, simulcast: str = '', names: str = NAMES) -> str:
    """Return an offer with the layers `rids`, each with its restrictions if it has some."""
    layers = [(rid.partition(' ')[0], rid.partition(' ')[2]) for rid in rids]
    lines = [f'a=rid:{name} send {restrictions}'.strip() for name, restrictions in layers]
    listed = simulcast or 'send ' + ';'.join(name for name, _ in layers)
    added = '\r\n'.join(['a=rtcp-mux', names + lines[0], *lines[1:], f'a=simulcast:{listed}', ''])
    return CHROMIUM.replace('\n', '\r\n').replace('a=rtcp-mux\r\n', added)


@pytest.mark.parametrize(
    ('offered', 'best'),
    [
        (offer('q', 'h', 'f'), 'f'),
        (offer('f', 'h', 'q'), 'f'),
        (offer('q', 'h'), 'h'),
        (offer('l', 'm', 'h'), 'h'),
        (offer('lo', 'mid', 'hi'), 'hi'),
        (offer('r0', 'r1', 'r2'), 'r2'),
        (offer('0', '1', '2'), '0'),  # OBS; the first is preferred (RFC 8853, section 5.2)
        (offer('small', 'large'), 'small'),
        (offer('a max-width=320;max-height=180', 'b max-width=1280;max-height=720'), 'b'),
        (offer('a max-width=1280;max-height=720', 'b max-width=320;max-height=180'), 'a'),
        (offer('f max-fs=100', 'h max-fs=3600'), 'h'),
        (offer('f max-fs=100', 'b'), 'b'),
        (offer('f max-width=many;max-height=', 'h'), 'f'),
        (offer('f max-width=0', 'h max-width=0;max-fs=100'), 'f'),
        (offer('q', 'f', simulcast='send q;~f'), 'q'),
        (offer('q', 'f', simulcast='send ~q;~f'), 'f'),
        (offer('q', 'h', 'f', simulcast='recv x send q,h;f'), 'f'),
        (offer('q', 'f', simulcast='send q;f;h'), 'f'),
    ],
    ids=range(18),
)
def test_the_largest_layer_is_taken_alone(offered: str, best: str) -> None:
    video, _, rest = ANSWER.partition('m=application')
    assert taking_best_layer(ANSWER, offered) == (
        f'{video}{NAMES}a=rid:{best} recv\r\na=simulcast:recv {best}\r\nm=application{rest}'
    )


@pytest.mark.parametrize(
    'offered',
    [
        CHROMIUM,
        offer('q', 'f', names=''),
        offer('q', 'f', simulcast='send'),
        offer('q', 'f', simulcast='send x;y'),
        offer('q', 'f', simulcast='recv q;f'),
        offer('q', 'f', simulcast='send ;;,~'),
        '',
    ],
    ids=['none', 'no names on packets', 'no list', 'unknown', 'received', 'empty', 'nothing'],
)
def test_an_offer_without_simulcast_is_answered_without(offered: str) -> None:
    assert taking_best_layer(ANSWER, offered) == ANSWER


def test_an_answer_may_have_fewer_sections() -> None:
    assert taking_best_layer('v=0\r\n', offer('q', 'f')) == 'v=0\r\n'
