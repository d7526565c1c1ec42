"""The rights of the bearer of a token, decided without sockets."""

import pytest
from support.signaling.broker_harness import BrokerHarness
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
    harness = BrokerHarness()
    harness.join('x', role, peer_id, rights=rights)
    assert harness.error('x') == 'forbidden'
    assert harness.closed == {'x': 1008}
    assert harness.broker.count(role) == 0


def test_rights_are_enough_for_what_they_are_for() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front-left', rights=FRONT)
    harness.join('t', S, 'top', rights=FRONT)
    harness.join('p', S, '', rights=PUBLISH)
    harness.join('v', R, '', rights=VIEW)
    assert harness.kinds('v') == ['registered'] + 3 * ['sender']
    assert harness.closed == {}


def test_a_receiver_hears_of_the_senders_alone_that_its_token_is_for() -> None:
    harness = BrokerHarness()
    harness.join('f', S, 'front', rights=ALL)
    harness.join('r', S, 'rear', rights=ALL)
    harness.join('v', R, 'ros', rights=FRONT)
    assert [m.get('sender_id') for m in harness.read('v')] == [None, 'front']
    harness.leave('r')
    harness.join('r2', S, 'rear', rights=ALL)
    assert harness.read('v') == []
    harness.leave('f')
    assert harness.kinds('v') == ['sender_exit']


SAYINGS: dict[str, dict[str, object]] = {
    'request_offer': {},
    'answer': {'answer': description('answer')},
    'candidate': {'candidate': None},
    'bye': {},
}


@pytest.mark.parametrize('session', [{}, {'session_id': 'x'}])
@pytest.mark.parametrize('kind', SAYINGS)
@pytest.mark.parametrize('rear', [S, R, None])
def test_no_other_sender_can_be_asked_whether_it_is_there_or_not(
    rear: Role | None, kind: str, session: dict[str, str]
) -> None:
    harness = BrokerHarness()
    if rear:
        harness.join('r', rear, 'rear', rights=ALL)
        harness.read('r')
    harness.join('v', R, 'ros', rights=FRONT)
    harness.read('v')
    harness.say('v', kind, sender_id='rear', **SAYINGS[kind], **session)
    (message,) = harness.read('v')
    assert message['code'] == 'forbidden'
    assert message['message'] == 'sender_id: the token is not for rear'
    assert harness.read('r') == []


@pytest.mark.parametrize('rear', [S, R, None])
def test_a_sender_cannot_ask_who_else_is_there(rear: Role | None) -> None:
    harness = BrokerHarness()
    if rear:
        harness.join('r', rear, 'rear', rights=ALL)
    harness.join('f', S, 'front', rights=FRONT)
    harness.read('f')
    harness.say('f', 'bye', receiver_id='rear')
    (message,) = harness.read('f')
    assert message['code'] == 'unknown_session'
    assert message['message'] == 'session_id: no session with rear'


@pytest.mark.parametrize('thief', [VIEW, FRONT, Rights()])
def test_an_id_stays_with_the_token_that_registered_it(thief: Rights) -> None:
    harness = BrokerHarness()
    harness.join('s', R, 'ros', rights=ALL)
    harness.read('s')
    harness.join('t', R, 'ros', rights=thief)
    assert harness.error('t') == 'id_in_use'
    assert harness.closed == {'t': 1008}
    assert harness.read('s') == []


def test_with_the_same_token_an_id_is_taken_over_with_its_sessions() -> None:
    harness = BrokerHarness()
    harness.join('old', S, 'front', rights=ALL)
    harness.join('v', R, 'ros', rights=VIEW)
    harness.say('v', 'request_offer', sender_id='front')
    session = harness.read('old')[-1]['session_id']
    harness.join('new', S, 'front', rights=ALL)
    assert harness.closed == {'old': 1008}
    assert harness.kinds('new') == ['registered']
    harness.leave('old')
    assert harness.broker.count(S) == 1
    harness.read('v')
    harness.say('new', 'offer', receiver_id='ros', session_id=session, offer=description('offer'))
    assert harness.kinds('v') == ['offer']


def test_who_does_not_want_to_takes_nothing_over() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front', rights=ALL)
    harness.join('second', S, 'front', rights=ALL, takeover=False)
    harness.read('s')
    assert harness.error('second') == 'id_in_use'
    assert harness.closed == {'second': 1008}


def test_without_tokens_nobody_takes_anything_over() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.join('t', S, 'front')
    assert harness.closed == {'t': 1008}


def test_the_sessions_of_an_absent_peer_do_not_go_to_another_token() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front', rights=ALL)
    harness.join('v', R, 'ros', rights=VIEW)
    harness.say('v', 'request_offer', sender_id='front')
    session = harness.read('s')[-1]['session_id']
    harness.leave('s')
    harness.join('other', S, 'front', rights=FRONT)
    harness.read('other'), harness.read('v')
    harness.say(
        'other', 'offer', receiver_id='ros', session_id=session, offer=description('offer')
    )
    assert harness.error('other') == 'unknown_session'
    assert harness.read('v') == []


def test_a_socket_is_closed_when_its_token_expires_and_its_session_is_not() -> None:
    harness = BrokerHarness()
    harness.connect('s', FRONT, expires=harness.now + 60)
    harness.say('s', 'register', role='sender', id='front')
    harness.join('v', R, 'ros', rights=VIEW)
    harness.say('v', 'request_offer', sender_id='front')
    harness.say('s', 'offer', receiver_id='ros', offer=description('offer'))
    harness.say('v', 'answer', sender_id='front', answer=description('answer'))
    harness.read('v')
    harness.wait(59)
    assert harness.closed == {}
    harness.wait(1)
    assert harness.closed == {'s': 1008}
    assert harness.kinds('v') == ['sender_exit']
    assert harness.broker.sessions == 1


def test_a_token_also_expires_before_registering() -> None:
    harness = BrokerHarness()
    harness.connect('w', ALL, expires=harness.now + 1)
    harness.wait(1)
    assert harness.closed == {'w': 1008}
    harness.wait(1)
