from typing import Any

import pytest
from support.signaling.broker_bench import Bench
from support.signaling.signaling_samples import CANDIDATE, SDP, description

from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import Role

S, R = Role.SENDER, Role.RECEIVER
OFFER, ANSWER = description('offer'), description('answer')
LINE = f'a={CANDIDATE["candidate"]}\r\n'


def pair(limits: Limits | None = None) -> Bench:
    """Return a broker with the sender `front` on socket s and the receiver `ros` on r."""
    bench = Bench(limits)
    bench.join('s', S, 'front')
    bench.join('r', R, 'ros')
    bench.inbox.clear()
    return bench


def requested(limits: Limits | None = None) -> Bench:
    bench = pair(limits)
    bench.say('r', 'request_offer', sender_id='front')
    bench.inbox.clear()
    return bench


def answered() -> Bench:
    bench = requested()
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    bench.say('r', 'answer', sender_id='front', answer=ANSWER)
    bench.inbox.clear()
    return bench


@pytest.mark.parametrize('ids', [{}, {'session_id': 'session1'}])
def test_a_whole_negotiation_with_or_without_session_ids(ids: dict[str, str]) -> None:
    bench = pair()
    bench.say('r', 'request_offer', sender_id='front')
    ros = {'receiver_id': 'ros', 'session_id': 'session1'}
    front = {'sender_id': 'front', 'session_id': 'session1'}
    assert bench.read('s') == [{'type': 'request_offer', **ros}]
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER, **ids)
    assert bench.read('r') == [{'type': 'offer', 'offer': OFFER, **front}]
    bench.say('r', 'answer', sender_id='front', answer=ANSWER, **ids)
    assert bench.read('s') == [{'type': 'answer', 'answer': ANSWER, **ros}]
    bench.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE, **ids)
    assert bench.read('r') == [{'type': 'candidate', 'candidate': CANDIDATE, **front}]
    bench.say('r', 'candidate', sender_id='front', candidate=None, **ids)
    assert bench.read('s') == [{'type': 'candidate', 'candidate': None, **ros}]
    bench.say('r', 'bye', sender_id='front', reason='enough', **ids)
    assert bench.read('s') == [{'type': 'bye', 'reason': 'enough', **ros}]
    assert bench.read('r') == []
    assert bench.broker.sessions == 0


def test_the_server_stamps_who_a_message_is_from() -> None:
    bench = requested()
    bench.say('s', 'offer', receiver_id='ros', sender_id='rear', offer=OFFER, role='receiver')
    assert bench.read('r')[0]['sender_id'] == 'front'


def test_nothing_unknown_is_passed_on() -> None:
    bench = requested()
    offer = {**OFFER, 'extra': 1}
    bench.say('s', 'offer', receiver_id='ros', offer=offer, extra='<b>')
    assert bench.read('r') == [
        {'type': 'offer', 'offer': OFFER, 'sender_id': 'front', 'session_id': 'session1'}
    ]


def test_a_new_request_ends_the_older_session_with_bye_to_both() -> None:
    bench = answered()
    bench.say('r', 'request_offer', sender_id='front')
    bye = {'type': 'bye', 'session_id': 'session1', 'reason': 'replaced'}
    assert bench.read('r') == [{**bye, 'sender_id': 'front'}]
    assert bench.read('s') == [
        {**bye, 'receiver_id': 'ros'},
        {'type': 'request_offer', 'receiver_id': 'ros', 'session_id': 'session2'},
    ]
    assert bench.broker.sessions == 1


def test_a_stale_session_id_never_reaches_the_next_attempt() -> None:
    bench = answered()
    bench.say('r', 'request_offer', sender_id='front')
    bench.inbox.clear()
    stale: dict[str, Any] = {'receiver_id': 'ros', 'session_id': 'session1'}
    for kind, fields in (
        ('offer', {'offer': OFFER}),
        ('candidate', {'candidate': None}),
        ('bye', {}),
    ):
        bench.say('s', kind, **stale, **fields)
        assert bench.error('s') == 'unknown_session'
    assert bench.read('r') == []
    assert bench.broker.sessions == 1


def test_sessions_of_others_and_sessions_that_are_not_look_the_same() -> None:
    bench = requested()
    bench.join('thief', R, 'thief')
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    bench.inbox.clear()
    answers = []
    for session_id in ('session1', 'nonsense'):
        bench.say('thief', 'answer', sender_id='front', session_id=session_id, answer=ANSWER)
        answers.append(bench.read('thief')[0])
    assert [answer['code'] for answer in answers] == ['unknown_session'] * 2
    assert answers[0]['message'].replace('session1', 'nonsense') == answers[1]['message']
    assert bench.read('s') == []
    bench.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert bench.kinds('s') == ['answer']


@pytest.mark.parametrize(
    ('target', 'code'),
    [('nobody', 'unknown_peer'), ('ros', 'bad_target'), ('other', 'bad_target')],
)
@pytest.mark.parametrize('kind', ['request_offer', 'bye'])
def test_a_wrong_target_has_its_code(kind: str, target: str, code: str) -> None:
    bench = pair()
    bench.join('o', R, 'other')
    bench.say('r', kind, sender_id=target)
    assert bench.error('r') == code


def test_without_a_session_there_is_nothing_to_say() -> None:
    bench = pair()
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert bench.error('s') == 'unknown_session'
    bench.say('s', 'bye', receiver_id='nobody', session_id='from-before-a-restart')
    assert bench.error('s') == 'unknown_session'


def test_what_comes_in_the_wrong_order_is_a_bad_state() -> None:
    bench = requested()
    bench.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert bench.error('r') == 'bad_state'
    bench.say('r', 'candidate', sender_id='front', candidate=None)
    assert bench.error('r') == 'bad_state'
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert bench.error('s') == 'bad_state'
    bench.say('r', 'answer', sender_id='front', answer=ANSWER)
    bench.read('r')
    bench.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert bench.error('r') == 'bad_state'
    assert bench.kinds('s') == ['answer']


def test_a_sender_may_have_candidates_before_its_offer() -> None:
    bench = requested()
    bench.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert bench.kinds('r') == ['candidate']


def test_64_candidates_from_one_side_are_enough() -> None:
    bench = requested()
    bench.say('s', 'offer', receiver_id='ros', offer=description('offer', SDP + 4 * LINE))
    for _ in range(60):
        bench.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert len(bench.read('r')) == 61
    bench.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert bench.error('s') == 'too_many'
    bench.say('s', 'candidate', receiver_id='ros', candidate=None)
    assert bench.kinds('r') == ['candidate']
    bench.say('r', 'answer', sender_id='front', answer=description('answer', SDP + 64 * LINE))
    assert bench.kinds('s') == ['answer']


def test_a_description_with_too_many_candidates_leaves_the_session_as_it_was() -> None:
    bench = requested()
    bench.say('s', 'offer', receiver_id='ros', offer=description('offer', SDP + 65 * LINE))
    assert bench.error('s') == 'too_many'
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert bench.kinds('r') == ['offer']


def test_a_description_that_grows_beyond_a_message_is_refused() -> None:
    bench = requested()
    sdp = SDP + 'a=x-pad:' + 'ü' * 20_000 + '\r\n'
    bench.say('s', 'offer', receiver_id='ros', offer=description('offer', sdp))
    assert bench.error('s') == 'bad_sdp'
    assert bench.read('r') == []


def test_too_many_unanswered_requests_are_refused() -> None:
    bench = pair(Limits(max_pending=2))
    for sender in ('a', 'b', 'c'):
        bench.join(sender, S, sender)
    bench.inbox.clear()
    for sender in ('a', 'b', 'b', 'c'):
        bench.say('r', 'request_offer', sender_id=sender)
    assert bench.kinds('r') == ['bye', 'error']
    assert bench.kinds('c') == []


def test_a_session_without_an_answer_ends_in_time() -> None:
    bench = requested(Limits(session_timeout=15.0))
    bench.say('s', 'offer', receiver_id='ros', offer=OFFER)
    bench.read('r')
    bench.wait(14.9)
    assert bench.broker.sessions == 1
    bench.wait(0.1)
    assert bench.kinds('s') == bench.kinds('r') == ['bye']
    assert bench.broker.sessions == 0


def test_an_answered_session_has_no_deadline() -> None:
    bench = answered()
    bench.wait(100_000.0)
    assert bench.broker.sessions == 1


@pytest.mark.parametrize(('socket', 'role', 'own'), [('s', S, 'front'), ('r', R, 'ros')])
def test_sessions_survive_a_lost_socket(socket: str, role: Role, own: str) -> None:
    bench = answered()
    bench.leave(socket)
    bench.wait(30.0)
    assert 'bye' not in bench.kinds('s') + bench.kinds('r')
    bench.join('back', role, own)
    sockets = {'s': 's', 'r': 'r', socket: 'back'}
    bench.inbox.clear()
    bench.say(sockets['s'], 'candidate', receiver_id='ros', candidate=None, session_id='session1')
    assert bench.kinds(sockets['r']) == ['candidate']
    bench.say(sockets['r'], 'bye', sender_id='front', session_id='session1')
    assert bench.kinds(sockets['s']) == ['bye']


def test_who_was_away_is_told_on_return_what_ended() -> None:
    bench = answered()
    bench.leave('s')
    bench.say('r', 'bye', sender_id='front', reason='enough')
    bench.join('back', S, 'front')
    assert bench.read('back')[1:] == [
        {'type': 'bye', 'receiver_id': 'ros', 'session_id': 'session1', 'reason': 'enough'}
    ]
    bench.leave('back')
    bench.join('again', S, 'front')
    assert bench.kinds('again') == ['registered']


def test_what_cannot_be_delivered_is_an_unknown_peer() -> None:
    bench = answered()
    bench.leave('s')
    bench.read('r')
    bench.say('r', 'candidate', sender_id='front', candidate=None)
    assert bench.error('r') == 'unknown_peer'
    bench.say('r', 'request_offer', sender_id='front')
    assert bench.error('r') == 'unknown_peer'


def test_who_stays_away_is_forgotten() -> None:
    bench = answered()
    bench.leave('s')
    bench.read('r')
    bench.wait(61.0)
    assert bench.broker.sessions == 0
    assert bench.read('r') == []
    bench.say('r', 'bye', sender_id='front', session_id='session1')
    assert bench.error('r') == 'unknown_session'


def test_only_so_many_who_are_away_are_remembered() -> None:
    bench = pair(Limits(max_absent=2))
    for number in range(4):
        socket = f'r{number}'
        bench.join(socket, R, socket)
        bench.say(socket, 'request_offer', sender_id='front')
        bench.leave(socket)
    assert bench.broker.sessions == 2


def test_both_away_and_forgotten_leaves_nothing_behind() -> None:
    bench = answered()
    bench.leave('s')
    bench.leave('r')
    bench.wait(100.0)
    assert bench.broker.sessions == 0
    assert bench.broker._table.peers == {S: {}, R: {}}
