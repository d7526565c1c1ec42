"""A machine's candidates: each once, the best first, and no more than a peer takes."""

import pytest

from webrtc_bridge.peer.negotiation import MOST_CANDIDATES
from webrtc_bridge.peer.own_candidates import (
    IN_DESCRIPTION,
    MOST_ADDRESSES,
    OwnCandidates,
    ranks,
)

HOST, REFLEXIVE = 126 << 24, 100 << 24
END = 'a=end-of-candidates\r\n'


def line(number, priority=HOST, kind='host'):
    return f'candidate:{number} 1 udp {priority} 10.0.0.{number} 50000 typ {kind}'


def sdp(candidates, end=END, bundle='a=group:BUNDLE 0 1\r\n'):
    lines = ''.join(f'a={candidate}\r\n' for candidate in candidates)
    sections = [
        f'm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:0\r\n{lines}{end}',
        f'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n{lines}{end}',
    ]
    return f'v=0\r\n{bundle}' + ''.join(sections)


def candidates_of(text):
    return [part.removeprefix('a=') for part in text.split('\r\n') if 'candidate:' in part]


def addresses(numbers):
    return [f'10.0.0.{number}' for number in numbers]


def test_each_candidate_stands_once_and_in_the_first_section():
    own = OwnCandidates(ranks([]))
    few = [line(n) for n in range(3)]
    text = own.description(sdp(few))
    assert candidates_of(text) == few
    assert candidates_of(text.partition('m=application')[0]) == few
    assert text.count(END) == 2
    assert text.index('typ host') < text.index(END)
    assert not own.waiting
    assert own.rest() == []


def test_the_best_are_in_the_description_and_the_others_follow():
    numbers = list(range(100))
    own = OwnCandidates(ranks(addresses(reversed(numbers))))
    text = own.description(sdp([line(n) for n in numbers]))
    best = [line(n) for n in reversed(numbers)]
    assert candidates_of(text) == best[:IN_DESCRIPTION]
    assert own.waiting
    assert own.rest() == best[IN_DESCRIPTION:MOST_ADDRESSES]
    assert not own.waiting
    assert own.rest() == []


def test_an_address_of_this_machine_precedes_those_that_servers_see():
    own = OwnCandidates(ranks(addresses([2, 1])))
    lines = [line(1, REFLEXIVE, 'srflx'), line(1), line(2)]
    assert candidates_of(own.description(sdp(lines))) == [line(2), line(1), lines[0]]


@pytest.mark.parametrize('addresses', [3, 40, 100])
def test_what_servers_find_later_has_room_up_to_what_a_peer_takes(addresses):
    own = OwnCandidates(ranks([]))
    own.description(sdp([line(n) for n in range(addresses)]))
    own.rest()
    late = [line(n, REFLEXIVE, 'srflx') for n in range(100)]
    taken = [candidate for candidate in late if own.takes(candidate)]
    assert taken == late[: MOST_CANDIDATES - min(addresses, MOST_ADDRESSES)]
    assert len(taken) >= 16


def test_one_that_the_description_has_does_not_follow_it():
    own = OwnCandidates(ranks([]))
    own.description(sdp([line(1)], end=''))
    assert not own.takes(line(1))
    assert own.takes(f'a={line(2)}')
    assert not own.takes(line(2))


def test_a_description_without_a_bundle_stays_as_it_is():
    text = sdp([line(1)], bundle='')
    own = OwnCandidates(ranks([]))
    assert own.description(text) == text
