import pytest

from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.negotiation import MOST_CANDIDATES, Negotiation
from webrtc_bridge.signaling.protocol.messages import IceCandidate


def line(number, host='203.0.113.7'):
    return f'candidate:{number} 1 udp 2130706431 {host} 50000 typ host'


def candidate(number, host='203.0.113.7'):
    return IceCandidate(line(number, host), '0', 0)


@pytest.fixture
def negotiation():
    return Negotiation('front', CandidatePolicy(lambda: ['192.168.1.7']))


def test_the_first_description_is_applied(negotiation):
    assert negotiation.description('v=0') == 'v=0'


def test_a_second_description_is_not_expected(negotiation):
    negotiation.description('v=0')
    assert negotiation.description('v=1') is None


def test_a_candidate_after_the_description_is_ready(negotiation):
    negotiation.description('v=0')
    assert negotiation.candidate(candidate(1)) == [candidate(1)]
    assert negotiation.candidate(None) == [None]


def test_candidates_before_the_description_wait_for_it_in_order(negotiation):
    assert [negotiation.candidate(c) for c in (candidate(1), candidate(2), None)] == [[]] * 3
    negotiation.description('v=0')
    assert negotiation.early_candidates() == [candidate(1), candidate(2), None]
    assert negotiation.early_candidates() == []


def test_no_more_candidates_are_taken_than_one_peer_may_have(negotiation):
    for n in range(MOST_CANDIDATES // 2):
        negotiation.candidate(candidate(n))
    negotiation.description('v=0')
    ready = negotiation.early_candidates()
    for n in range(MOST_CANDIDATES):
        ready += negotiation.candidate(candidate(n))
    assert len(ready) == MOST_CANDIDATES
    assert negotiation.candidate(None) == [None]  # their end is none of them
    assert negotiation.left_out == MOST_CANDIDATES // 2


def test_early_candidates_and_their_ends_are_bounded(negotiation):
    for n in range(1000):
        negotiation.candidate(candidate(n))
        negotiation.candidate(IceCandidate('') if n % 2 else None)
    negotiation.description('v=0')
    assert len(negotiation.early_candidates()) == MOST_CANDIDATES + 1


def test_those_of_a_description_count_too(negotiation):
    sdp = 'v=0\r\n' + ''.join(f'a={line(n)}\r\n' for n in range(4000)) + 'a=mid:0\r\n'
    lines = negotiation.description(sdp).splitlines()
    assert lines == ['v=0', *(f'a={line(n)}' for n in range(MOST_CANDIDATES)), 'a=mid:0']
    assert negotiation.candidate(candidate(4000)) == []
    assert negotiation.left_out == 4001 - MOST_CANDIDATES


@pytest.mark.parametrize('end', ['\r\n', '\n', '\r', '\x0b', '\x85', '\u2028'])
def test_an_address_that_no_peer_can_have_is_left_out_of_a_description(negotiation, caplog, end):
    caplog.set_level('INFO')
    lines = ['v=0', f'a={line(1)}', f'a={line(2, "127.0.0.1")}', 'a=mid:0', '']
    kept = [text for text in lines if '127' not in text]
    assert negotiation.description(end.join(lines)) == end.join(kept)
    assert negotiation.left_out == 1
    assert 'front: candidate ignored: 127.0.0.1 is loopback' in caplog.text


def test_an_address_that_no_peer_can_have_is_left_out_as_a_candidate(negotiation, caplog):
    caplog.set_level('INFO')
    assert negotiation.candidate(candidate(1, '224.0.0.251')) == []
    negotiation.description('v=0')
    assert negotiation.early_candidates() == []
    assert negotiation.candidate(candidate(2, '169.254.169.254')) == []
    assert negotiation.left_out == 2
    assert caplog.text.count('front: candidate ignored: ') == 2


def test_names_leave_the_description_for_the_early_candidates(negotiation):
    sdp = f'v=0\r\nm=video\r\na={line(1)}\r\na={line(2, "6c1b.local")}\r\na=mid:video0\r\n'
    assert negotiation.description(sdp) == f'v=0\r\nm=video\r\na={line(1)}\r\na=mid:video0\r\n'
    assert negotiation.early_candidates() == [IceCandidate(line(2, '6c1b.local'), 'video0', 0)]


def test_candidates_of_tcp_take_nobodys_place(negotiation):
    tcp = line(1).replace('udp', 'tcp').replace(' 50000', ' 9') + ' tcptype active'
    assert negotiation.description(f'v=0\r\na={tcp}\r\n') == 'v=0\r\n'
    for _ in range(MOST_CANDIDATES):
        assert negotiation.candidate(IceCandidate(tcp, '0', 0)) == []
    assert negotiation.candidate(candidate(1)) == [candidate(1)]
    assert negotiation.left_out == 0
