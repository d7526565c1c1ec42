from typing import Any

import pytest
from support.signaling.broker_harness import BrokerHarness
from support.signaling.signaling_samples import CANDIDATE, SDP, description

from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.messages import Role

S, R = Role.SENDER, Role.RECEIVER
OFFER, ANSWER = description('offer'), description('answer')
LINE = f'a={CANDIDATE["candidate"]}\r\n'


def pair(limits: Limits | None = None) -> BrokerHarness:
    """Return a broker with the sender `front` on socket s and the receiver `ros` on r."""
    harness = BrokerHarness(limits)
    harness.join('s', S, 'front')
    harness.join('r', R, 'ros')
    harness.inbox.clear()
    return harness


def requested(limits: Limits | None = None) -> BrokerHarness:
    harness = pair(limits)
    harness.say('r', 'request_offer', sender_id='front')
    harness.inbox.clear()
    return harness


def answered() -> BrokerHarness:
    harness = requested()
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    harness.say('r', 'answer', sender_id='front', answer=ANSWER)
    harness.inbox.clear()
    return harness


@pytest.mark.parametrize('ids', [{}, {'session_id': 'session1'}])
def test_a_whole_negotiation_with_or_without_session_ids(ids: dict[str, str]) -> None:
    harness = pair()
    harness.say('r', 'request_offer', sender_id='front')
    ros = {'receiver_id': 'ros', 'session_id': 'session1'}
    front = {'sender_id': 'front', 'session_id': 'session1'}
    assert harness.read('s') == [{'type': 'request_offer', **ros}]
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER, **ids)
    assert harness.read('r') == [{'type': 'offer', 'offer': OFFER, **front}]
    harness.say('r', 'answer', sender_id='front', answer=ANSWER, **ids)
    assert harness.read('s') == [{'type': 'answer', 'answer': ANSWER, **ros}]
    harness.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE, **ids)
    assert harness.read('r') == [{'type': 'candidate', 'candidate': CANDIDATE, **front}]
    harness.say('r', 'candidate', sender_id='front', candidate=None, **ids)
    assert harness.read('s') == [{'type': 'candidate', 'candidate': None, **ros}]
    harness.say('r', 'bye', sender_id='front', reason='enough', **ids)
    assert harness.read('s') == [{'type': 'bye', 'reason': 'enough', **ros}]
    assert harness.read('r') == []
    assert harness.broker.sessions == 0


def test_the_server_stamps_who_a_message_is_from() -> None:
    harness = requested()
    harness.say('s', 'offer', receiver_id='ros', sender_id='rear', offer=OFFER, role='receiver')
    assert harness.read('r')[0]['sender_id'] == 'front'


def test_nothing_unknown_is_passed_on() -> None:
    harness = requested()
    offer = {**OFFER, 'extra': 1}
    harness.say('s', 'offer', receiver_id='ros', offer=offer, extra='<b>')
    assert harness.read('r') == [
        {'type': 'offer', 'offer': OFFER, 'sender_id': 'front', 'session_id': 'session1'}
    ]


def test_a_new_request_ends_the_older_session_with_bye_to_both() -> None:
    harness = answered()
    harness.say('r', 'request_offer', sender_id='front')
    bye = {'type': 'bye', 'session_id': 'session1', 'reason': 'replaced'}
    assert harness.read('r') == [{**bye, 'sender_id': 'front'}]
    assert harness.read('s') == [
        {**bye, 'receiver_id': 'ros'},
        {'type': 'request_offer', 'receiver_id': 'ros', 'session_id': 'session2'},
    ]
    assert harness.broker.sessions == 1


def test_a_stale_session_id_never_reaches_the_next_attempt() -> None:
    harness = answered()
    harness.say('r', 'request_offer', sender_id='front')
    harness.inbox.clear()
    stale: dict[str, Any] = {'receiver_id': 'ros', 'session_id': 'session1'}
    for kind, fields in (
        ('offer', {'offer': OFFER}),
        ('candidate', {'candidate': None}),
        ('bye', {}),
    ):
        harness.say('s', kind, **stale, **fields)
        assert harness.error('s') == 'unknown_session'
    assert harness.read('r') == []
    assert harness.broker.sessions == 1


def test_sessions_of_others_and_sessions_that_are_not_look_the_same() -> None:
    harness = requested()
    harness.join('thief', R, 'thief')
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    harness.inbox.clear()
    answers = []
    for session_id in ('session1', 'nonsense'):
        harness.say('thief', 'answer', sender_id='front', session_id=session_id, answer=ANSWER)
        answers.append(harness.read('thief')[0])
    assert [answer['code'] for answer in answers] == ['unknown_session'] * 2
    assert answers[0]['message'].replace('session1', 'nonsense') == answers[1]['message']
    assert harness.read('s') == []
    harness.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert harness.kinds('s') == ['answer']


@pytest.mark.parametrize(
    ('target', 'code'),
    [('nobody', 'unknown_peer'), ('ros', 'bad_target'), ('other', 'bad_target')],
)
@pytest.mark.parametrize('kind', ['request_offer', 'bye'])
def test_a_wrong_target_has_its_code(kind: str, target: str, code: str) -> None:
    harness = pair()
    harness.join('o', R, 'other')
    harness.say('r', kind, sender_id=target)
    assert harness.error('r') == code


def test_without_a_session_there_is_nothing_to_say() -> None:
    harness = pair()
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert harness.error('s') == 'unknown_session'
    harness.say('s', 'bye', receiver_id='nobody', session_id='from-before-a-restart')
    assert harness.error('s') == 'unknown_session'


def test_what_comes_in_the_wrong_order_is_a_bad_state() -> None:
    harness = requested()
    harness.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert harness.error('r') == 'bad_state'
    harness.say('r', 'candidate', sender_id='front', candidate=None)
    assert harness.error('r') == 'bad_state'
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert harness.error('s') == 'bad_state'
    harness.say('r', 'answer', sender_id='front', answer=ANSWER)
    harness.read('r')
    harness.say('r', 'answer', sender_id='front', answer=ANSWER)
    assert harness.error('r') == 'bad_state'
    assert harness.kinds('s') == ['answer']


def test_a_sender_may_have_candidates_before_its_offer() -> None:
    harness = requested()
    harness.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert harness.kinds('r') == ['candidate']


def test_64_candidates_from_one_side_are_enough() -> None:
    harness = requested()
    harness.say('s', 'offer', receiver_id='ros', offer=description('offer', SDP + 4 * LINE))
    for _ in range(60):
        harness.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert len(harness.read('r')) == 61
    harness.say('s', 'candidate', receiver_id='ros', candidate=CANDIDATE)
    assert harness.error('s') == 'too_many'
    harness.say('s', 'candidate', receiver_id='ros', candidate=None)
    assert harness.kinds('r') == ['candidate']
    harness.say('r', 'answer', sender_id='front', answer=description('answer', SDP + 64 * LINE))
    assert harness.kinds('s') == ['answer']


def test_a_description_with_too_many_candidates_leaves_the_session_as_it_was() -> None:
    harness = requested()
    harness.say('s', 'offer', receiver_id='ros', offer=description('offer', SDP + 65 * LINE))
    assert harness.error('s') == 'too_many'
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    assert harness.kinds('r') == ['offer']


def test_a_description_that_grows_beyond_a_message_is_refused() -> None:
    harness = requested()
    sdp = SDP + 'a=x-pad:' + 'ü' * 20_000 + '\r\n'
    harness.say('s', 'offer', receiver_id='ros', offer=description('offer', sdp))
    assert harness.error('s') == 'bad_sdp'
    assert harness.read('r') == []


def test_of_too_many_unanswered_sessions_the_oldest_makes_room() -> None:
    harness = pair(Limits(max_pending=2))
    for sender in ('a', 'b', 'c'):
        harness.join(sender, S, sender)
    harness.inbox.clear()
    for sender in ('a', 'b', 'b', 'c'):
        harness.wait(0.1)
        harness.say('r', 'request_offer', sender_id=sender)
    assert [bye['sender_id'] for bye in harness.read('r')] == ['b', 'a']
    assert harness.kinds('a') == ['request_offer', 'bye']
    assert harness.kinds('c') == ['request_offer']


def test_a_wall_of_cameras_asks_for_all_of_them_at_once() -> None:
    harness = pair()
    cameras = [f'camera{number}' for number in range(32)]
    for camera in cameras:
        harness.join(camera, S, camera)
    harness.inbox.clear()
    for camera in cameras:
        harness.say('r', 'request_offer', sender_id=camera)
    assert [harness.kinds(camera) for camera in cameras] == [['request_offer']] * 32
    assert harness.read('r') == []


def test_who_asks_a_sender_too_often_is_answered_which() -> None:
    harness = pair()
    for _ in range(11):
        harness.say('r', 'request_offer', sender_id='front')
    (error,) = (message for message in harness.read('r') if message['type'] == 'error')
    assert (error['code'], error['sender_id']) == ('too_many', 'front')


def test_one_receiver_asks_a_sender_ten_times_at_once_and_then_once_a_second() -> None:
    harness = pair()
    harness.join('t', S, 'rear')
    harness.inbox.clear()
    asked = 0
    for _ in range(140 * 5):  # 140 a second for 5 s
        harness.say('r', 'request_offer', sender_id='front')
        asked += harness.kinds('s').count('request_offer')
        harness.wait(1 / 140)
    assert 14 <= asked <= 16
    codes = {message.get('code') for message in harness.read('r')}
    assert codes == {None, 'too_many'}
    harness.say('r', 'request_offer', sender_id='rear')
    assert harness.kinds('t') == ['request_offer'], 'another sender has nothing to do with it'
    harness.wait(1.0)
    harness.say('r', 'request_offer', sender_id='front')
    assert harness.kinds('s').count('request_offer') == 1


def test_receivers_of_one_token_ask_a_sender_so_often_but_each_newcomer_is_let_in() -> None:
    harness = pair()
    mine, other = Rights(proof=b'mine'), Rights(proof=b'other')
    for number in range(64):
        harness.join(f'v{number}', R, f'v{number}', rights=mine)
        harness.say(f'v{number}', 'request_offer', sender_id='front')
    assert harness.kinds('s').count('request_offer') == 64, 'each came for the first time'
    for _ in range(5):
        harness.wait(1.0)
        for number in range(64):
            harness.say(f'v{number}', 'request_offer', sender_id='front')
    assert harness.kinds('s').count('request_offer') == 5 * 8
    for socket, rights in (('newcomer', mine), ('stranger', other)):
        harness.join(socket, R, socket, rights=rights)
        harness.say(socket, 'request_offer', sender_id='front')
        assert harness.kinds('s')[-1] == 'request_offer'


def test_a_sender_that_registers_again_may_be_asked_again_at_once() -> None:
    harness = pair()
    for _ in range(30):
        harness.say('r', 'request_offer', sender_id='front')
        assert harness.kinds('s')[-1] == 'request_offer'
        harness.leave('s')
        harness.join('s', S, 'front')
        harness.inbox.clear()


def test_a_receiver_that_comes_again_has_no_more_requests_than_before() -> None:
    harness = pair()
    for _ in range(30):
        harness.say('r', 'request_offer', sender_id='front')
        harness.say('r', 'bye', sender_id='front')
        harness.leave('r')
        harness.join('r', R, 'ros')
    assert harness.kinds('s').count('request_offer') == 10


def test_unanswered_sessions_are_bounded_for_each_token_and_take_nobody_elses_share() -> None:
    harness = pair(Limits(max_pending_of_owner=4))
    silent, honest = Rights(proof=b'silent'), Rights(proof=b'honest')
    harness.join('h', R, 'honest', rights=honest)
    harness.say('h', 'request_offer', sender_id='front')
    for number in range(64):
        harness.wait(0.01)
        harness.join(f'v{number}', R, f'v{number}', rights=silent)
        harness.say(f'v{number}', 'request_offer', sender_id='front')
    assert harness.broker.sessions == 1 + 4
    assert 'bye' not in harness.kinds('h')
    assert all(harness.kinds(f'v{number}')[-1] == 'bye' for number in range(60))
    assert not any('bye' in harness.kinds(f'v{number}') for number in range(60, 64))


def test_answered_sessions_make_room_for_nobody() -> None:
    harness = pair(Limits(max_pending_of_owner=1, max_pending=1))
    for receiver in ('a', 'b'):
        harness.join(receiver, R, receiver)
        harness.say(receiver, 'request_offer', sender_id='front')
        harness.say('s', 'offer', receiver_id=receiver, offer=OFFER)
        harness.say(receiver, 'answer', sender_id='front', answer=ANSWER)
    assert harness.broker.sessions == 2


@pytest.mark.parametrize('kind', ['answer', 'offer'])
def test_a_description_is_not_looked_at_before_session_and_state(kind: str) -> None:
    harness = pair()
    bad = description(kind, 'v=0\r\n' + 'a=\r\n' * 10)
    socket, field, peer = ('r', 'sender_id', 'front') if kind == 'answer' else (
        's', 'receiver_id', 'ros')  # fmt: skip
    harness.say(socket, kind, **{field: peer, kind: bad})
    assert harness.error(socket) == 'unknown_session'
    harness.say('r', 'request_offer', sender_id='front')
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    harness.inbox.clear()
    if kind == 'offer':  # a second one
        harness.say(socket, kind, **{field: peer, kind: bad})
        assert harness.error(socket) == 'bad_state'
    else:
        harness.say(socket, kind, **{field: peer, kind: bad})
        assert harness.error(socket) == 'bad_sdp'


def test_a_session_without_an_answer_ends_in_time() -> None:
    harness = requested(Limits(session_timeout=15.0))
    harness.say('s', 'offer', receiver_id='ros', offer=OFFER)
    harness.read('r')
    harness.wait(14.9)
    assert harness.broker.sessions == 1
    harness.wait(0.1)
    assert harness.kinds('s') == harness.kinds('r') == ['bye']
    assert harness.broker.sessions == 0


def test_an_answered_session_has_no_deadline() -> None:
    harness = answered()
    harness.wait(100_000.0)
    assert harness.broker.sessions == 1


@pytest.mark.parametrize(('socket', 'role', 'own'), [('s', S, 'front'), ('r', R, 'ros')])
def test_sessions_survive_a_lost_socket(socket: str, role: Role, own: str) -> None:
    harness = answered()
    harness.leave(socket)
    harness.wait(30.0)
    assert 'bye' not in harness.kinds('s') + harness.kinds('r')
    harness.join('back', role, own)
    sockets = {'s': 's', 'r': 'r', socket: 'back'}
    harness.inbox.clear()
    harness.say(
        sockets['s'], 'candidate', receiver_id='ros', candidate=None, session_id='session1'
    )
    assert harness.kinds(sockets['r']) == ['candidate']
    harness.say(sockets['r'], 'bye', sender_id='front', session_id='session1')
    assert harness.kinds(sockets['s']) == ['bye']


def test_a_peer_that_was_away_learns_on_return_what_ended() -> None:
    harness = answered()
    harness.leave('s')
    harness.say('r', 'bye', sender_id='front', reason='enough')
    harness.join('back', S, 'front')
    assert harness.read('back')[1:] == [
        {'type': 'bye', 'receiver_id': 'ros', 'session_id': 'session1', 'reason': 'enough'}
    ]
    harness.leave('back')
    harness.join('again', S, 'front')
    assert harness.kinds('again') == ['registered']


def test_what_cannot_be_delivered_is_an_unknown_peer() -> None:
    harness = answered()
    harness.leave('s')
    harness.read('r')
    harness.say('r', 'candidate', sender_id='front', candidate=None)
    assert harness.error('r') == 'unknown_peer'
    harness.say('r', 'request_offer', sender_id='front')
    assert harness.error('r') == 'unknown_peer'


def test_who_stays_away_is_forgotten() -> None:
    harness = answered()
    harness.leave('s')
    harness.read('r')
    harness.wait(61.0)
    assert harness.broker.sessions == 0
    assert harness.read('r') == []
    harness.say('r', 'bye', sender_id='front', session_id='session1')
    assert harness.error('r') == 'unknown_session'


def test_only_so_many_who_are_away_are_remembered() -> None:
    harness = pair(Limits(max_absent=2))
    for number in range(4):
        socket = f'r{number}'
        harness.join(socket, R, socket)
        harness.say(socket, 'request_offer', sender_id='front')
        harness.leave(socket)
    assert harness.broker.sessions == 2


def test_both_away_and_forgotten_leaves_nothing_behind() -> None:
    harness = answered()
    harness.leave('s')
    harness.leave('r')
    harness.wait(100.0)
    assert harness.broker.sessions == 0
    assert harness.broker._table.peers == {S: {}, R: {}}
