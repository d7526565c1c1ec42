"""What the bearer of a token may do, decided without sockets."""

import pytest
from support.signaling.broker_bench import Bench
from support.signaling.signaling_samples import description

from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.messages import Role

S, R = Role.SENDER, Role.RECEIVER
VIEW = Rights(publish=False, proof=b'view')
PUBLISH = Rights(view=False, proof=b'publish')
FRONT = Rights(senders=('front*', 'top'), proof=b'front')
ALL = Rights(proof=b'all')


@pytest.mark.parametrize(
    ('role', 'peer_id', 'rights'),
    [
        (S, 'front', VIEW),
        (R, 'ros', PUBLISH),
        (S, 'rear', FRONT),
        (S, 'FRONT', FRONT),
        (S, 'xfront', FRONT),
        (S, '', FRONT),  # the id that the server makes is not among them
        (S, 'front', Rights(publish=False, view=False)),
        (R, '', Rights(publish=False, view=False)),
    ],
)
def test_who_has_no_right_to_it_cannot_register(role: Role, peer_id: str, rights: Rights) -> None:
    bench = Bench()
    bench.join('x', role, peer_id, rights=rights)
    assert bench.error('x') == 'forbidden'
    assert bench.closed == {'x': 1008}
    assert bench.broker.count(role) == 0


def test_rights_are_enough_for_what_they_are_for() -> None:
    bench = Bench()
    bench.join('s', S, 'front-left', rights=FRONT)
    bench.join('t', S, 'top', rights=FRONT)
    bench.join('p', S, '', rights=PUBLISH)
    bench.join('v', R, '', rights=VIEW)
    assert bench.kinds('v') == ['registered'] + 3 * ['sender']
    assert bench.closed == {}


def test_a_receiver_hears_of_the_senders_alone_that_its_token_is_for() -> None:
    bench = Bench()
    bench.join('f', S, 'front', rights=ALL)
    bench.join('r', S, 'rear', rights=ALL)
    bench.join('v', R, 'ros', rights=FRONT)
    assert [m.get('sender_id') for m in bench.read('v')] == [None, 'front']
    bench.leave('r')
    bench.join('r2', S, 'rear', rights=ALL)
    assert bench.read('v') == []
    bench.leave('f')
    assert bench.kinds('v') == ['sender_exit']


@pytest.mark.parametrize('is_there', [True, False])
def test_no_other_sender_can_be_asked_whether_it_is_there_or_not(is_there: bool) -> None:
    bench = Bench()
    if is_there:
        bench.join('r', S, 'rear', rights=ALL)
        bench.read('r')
    bench.join('v', R, 'ros', rights=FRONT)
    bench.read('v')
    bench.say('v', 'request_offer', sender_id='rear')
    (message,) = bench.read('v')
    assert message['code'] == 'forbidden'
    assert message['message'] == 'sender_id: the token is not for rear'
    assert bench.read('r') == []


@pytest.mark.parametrize('thief', [VIEW, FRONT, Rights()])
def test_an_id_stays_with_the_token_that_registered_it(thief: Rights) -> None:
    bench = Bench()
    bench.join('s', R, 'ros', rights=ALL)
    bench.read('s')
    bench.join('t', R, 'ros', rights=thief)
    assert bench.error('t') == 'id_in_use'
    assert bench.closed == {'t': 1008}
    assert bench.read('s') == []


def test_with_the_same_token_an_id_is_taken_over_with_its_sessions() -> None:
    bench = Bench()
    bench.join('old', S, 'front', rights=ALL)
    bench.join('v', R, 'ros', rights=VIEW)
    bench.say('v', 'request_offer', sender_id='front')
    session = bench.read('old')[-1]['session_id']
    bench.join('new', S, 'front', rights=ALL)
    assert bench.closed == {'old': 1008}
    assert bench.kinds('new') == ['registered']
    bench.leave('old')
    assert bench.broker.count(S) == 1
    bench.read('v')
    bench.say('new', 'offer', receiver_id='ros', session_id=session, offer=description('offer'))
    assert bench.kinds('v') == ['offer']


def test_who_does_not_want_to_takes_nothing_over() -> None:
    bench = Bench()
    bench.join('s', S, 'front', rights=ALL)
    bench.join('second', S, 'front', rights=ALL, takeover=False)
    bench.read('s')
    assert bench.error('second') == 'id_in_use'
    assert bench.closed == {'second': 1008}


def test_without_tokens_nobody_takes_anything_over() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.join('t', S, 'front')
    assert bench.closed == {'t': 1008}


def test_the_sessions_of_an_absent_peer_do_not_go_to_another_token() -> None:
    bench = Bench()
    bench.join('s', S, 'front', rights=ALL)
    bench.join('v', R, 'ros', rights=VIEW)
    bench.say('v', 'request_offer', sender_id='front')
    session = bench.read('s')[-1]['session_id']
    bench.leave('s')
    bench.join('other', S, 'front', rights=FRONT)
    bench.read('other'), bench.read('v')
    bench.say('other', 'offer', receiver_id='ros', session_id=session, offer=description('offer'))
    assert bench.error('other') == 'unknown_session'
    assert bench.read('v') == []


def test_a_socket_is_closed_when_its_token_expires_and_its_session_is_not() -> None:
    bench = Bench()
    bench.connect('s', FRONT, expires=bench.now + 60)
    bench.say('s', 'register', role='sender', id='front')
    bench.join('v', R, 'ros', rights=VIEW)
    bench.say('v', 'request_offer', sender_id='front')
    bench.say('s', 'offer', receiver_id='ros', offer=description('offer'))
    bench.say('v', 'answer', sender_id='front', answer=description('answer'))
    bench.read('v')
    bench.wait(59)
    assert bench.closed == {}
    bench.wait(1)
    assert bench.closed == {'s': 1008}
    assert bench.kinds('v') == ['sender_exit']
    assert bench.broker.sessions == 1


def test_a_token_also_expires_before_registering() -> None:
    bench = Bench()
    bench.connect('w', ALL, expires=bench.now + 1)
    bench.wait(1)
    assert bench.closed == {'w': 1008}
    bench.wait(1)
