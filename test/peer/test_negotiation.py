from webrtc_bridge.peer.negotiation import MOST_CANDIDATES, Negotiation


def candidate(number):
    return {'candidate': f'candidate:{number}', 'sdpMid': '0', 'sdpMLineIndex': 0}


def test_the_first_description_is_applied():
    assert Negotiation().description('v=0') == 'v=0'


def test_a_second_description_is_not_expected():
    negotiation = Negotiation()
    negotiation.description('v=0')
    assert negotiation.description('v=1') is None


def test_a_candidate_after_the_description_is_ready():
    negotiation = Negotiation()
    negotiation.description('v=0')
    assert negotiation.candidate(candidate(1)) == [candidate(1)]
    assert negotiation.candidate(None) == [None]


def test_candidates_before_the_description_wait_for_it_in_order():
    negotiation = Negotiation()
    assert [negotiation.candidate(c) for c in (candidate(1), candidate(2), None)] == [[]] * 3
    negotiation.description('v=0')
    assert negotiation.early_candidates() == [candidate(1), candidate(2), None]
    assert negotiation.early_candidates() == []


def test_no_more_candidates_are_taken_than_one_peer_may_have():
    negotiation = Negotiation()
    for n in range(MOST_CANDIDATES // 2):
        negotiation.candidate(candidate(n))
    negotiation.description('v=0')
    ready = negotiation.early_candidates()
    for n in range(MOST_CANDIDATES):
        ready += negotiation.candidate(candidate(n))
    assert len(ready) == MOST_CANDIDATES


def test_early_candidates_are_bounded():
    negotiation = Negotiation()
    for n in range(1000):
        negotiation.candidate(candidate(n))
    negotiation.description('v=0')
    assert len(negotiation.early_candidates()) == MOST_CANDIDATES
