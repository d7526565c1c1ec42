import json

import pytest
from support.signaling.broker_harness import BrokerHarness
from support.signaling.signaling_samples import text

from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import IceServer, Register, Role

S, R = Role.SENDER, Role.RECEIVER


def test_every_peer_gets_its_id_first() -> None:
    servers = [IceServer(('stun:stun.example',))]
    harness = BrokerHarness(ice_servers=lambda peer_id: servers)
    harness.join('s', S)
    harness.join('r', R, 'ros', 'ROS')
    (registered,) = harness.read('s')
    assert registered == {
        'type': 'registered',
        'sender_id': 'made1',
        'protocol': 1,
        'ice_servers': [{'urls': 'stun:stun.example'}],
    }
    registered = harness.read('r')[0]
    assert registered['receiver_id'] == registered['receive_id'] == 'ros'


def test_ids_are_uuids_and_sessions_are_128_bits_by_default() -> None:
    broker, ids = Broker(), set()
    for n in range(100):
        broker.connect(n, 0.0)
        registered, *_ = broker.register(n, Register(S), 0.0)
        ids.add(json.loads(registered.text)['sender_id'])
    assert len(ids) == 100
    assert {len(peer_id) for peer_id in ids} == {36}
    broker.connect('r', 0.0)
    broker.register('r', Register(R, 'ros'), 0.0)
    (request,) = broker.receive('r', text('request_offer', sender_id=min(ids)), 0.0)
    assert len(bytes.fromhex(json.loads(request.text)['session_id'])) == 16


def test_a_receiver_learns_of_each_sender_before_and_after() -> None:
    harness = BrokerHarness()
    harness.join('s1', S, 'front', 'Front camera')
    harness.join('r', R)
    harness.join('s2', S, 'rear')
    assert harness.read('r')[1:] == [
        {'type': 'sender', 'sender_id': 'front', 'name': 'Front camera'},
        {'type': 'sender', 'sender_id': 'rear', 'name': ''},
    ]
    assert harness.kinds('s1') == ['registered']


def test_a_receiver_learns_when_a_sender_leaves() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.join('r', R)
    harness.read('r')
    harness.leave('s')
    assert harness.read('r') == [{'type': 'sender_exit', 'sender_id': 'front'}]
    harness.leave('s')
    assert harness.read('r') == []


def test_a_sender_learns_when_a_receiver_leaves_with_which_it_has_a_session() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.join('other', S, 'rear')
    harness.join('r', R, 'robot')
    harness.say('r', 'request_offer', sender_id='front')
    harness.read('s'), harness.read('other')
    harness.leave('r')
    assert harness.read('s') == [{'type': 'receiver_exit', 'receiver_id': 'robot'}]
    assert harness.read('other') == []
    harness.join('again', R, 'robot')
    harness.say('again', 'bye', sender_id='front')
    assert harness.kinds('s') == ['bye']
    harness.leave('again')
    assert harness.read('s') == []


def test_no_peer_learns_of_receivers() -> None:
    harness = BrokerHarness()
    harness.join('s', S)
    harness.join('r1', R)
    harness.read('s'), harness.read('r1')
    harness.join('r2', R)
    harness.leave('r2')
    assert harness.read('s') == harness.read('r1') == []


def test_an_id_in_use_is_refused_and_its_owner_is_probed_and_untouched() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.join('thief', S, 'front')
    harness.read('s')
    assert harness.error('thief') == 'id_in_use'
    assert harness.closed == {'thief': 1008}
    assert harness.probed == ['s']
    assert harness.broker.count(S) == 1
    harness.leave('thief')
    assert harness.broker.count(S) == 1


def test_on_ws_a_refused_register_may_be_tried_again() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.connect('w')
    harness.say('w', 'register', role='sender', id='front')
    assert harness.error('w') == 'id_in_use'
    harness.say('w', 'register', role='sender', id='a b')
    assert harness.error('w') == 'bad_id'
    harness.say('w', 'register', role='sender', id='rear')
    assert harness.kinds('w') == ['registered']
    assert harness.closed == {}


def test_an_id_is_free_again_when_its_socket_is_gone() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.leave('s')
    harness.join('again', S, 'front')
    assert harness.kinds('again') == ['registered']


def test_a_sender_and_a_receiver_may_have_the_same_id() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'robot')
    harness.join('r', R, 'robot')
    assert harness.kinds('r') == ['registered', 'sender']


@pytest.mark.parametrize('kind', ['request_offer', 'offer', 'answer', 'candidate', 'bye'])
def test_before_registering_everything_else_is_a_bad_state(kind: str) -> None:
    harness = BrokerHarness()
    harness.connect('w')
    harness.say('w', kind)
    assert harness.error('w') == 'bad_state'


def test_registering_twice_is_a_bad_state() -> None:
    harness = BrokerHarness()
    harness.join('s', S, 'front')
    harness.read('s')
    harness.say('s', 'register', role='sender', id='other')
    assert harness.error('s') == 'bad_state'


def test_a_socket_that_does_not_register_in_time_is_closed_with_1008() -> None:
    harness = BrokerHarness(Limits(hello_timeout=10.0))
    harness.connect('w')
    harness.join('s', S)
    harness.wait(9.9)
    assert harness.closed == {}
    harness.wait(0.1)
    assert harness.closed == {'w': 1008}


def test_a_flood_is_limited_and_then_closed_with_1008() -> None:
    harness = BrokerHarness(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    harness.join('s', S, 'front')
    harness.join('r', R)
    harness.read('r')
    for _ in range(20):
        harness.say_text('r', 'x')
    assert {message['code'] for message in harness.read('r')} == {'bad_json'}
    for _ in range(5):
        harness.say_text('r', 'x')
    assert harness.error('r') == 'rate_limited'
    harness.say_text('r', 'x')
    assert harness.closed == {'r': 1008}
    harness.say_text('r', 'x')
    assert harness.read('r') == []


def test_pings_count_as_messages() -> None:
    harness = BrokerHarness(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    harness.join('r', R)
    for _ in range(26):
        harness.ping('r')
    assert harness.closed == {'r': 1008}


def test_who_calms_down_is_not_closed() -> None:
    harness = BrokerHarness(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    harness.join('r', R)
    for _ in range(10):
        for _ in range(24):
            harness.say_text('r', 'x')
        harness.wait(2.0)
    assert harness.closed == {}


def test_what_comes_from_an_unknown_socket_is_ignored() -> None:
    harness = BrokerHarness()
    harness.say('nobody', 'bye', sender_id='front')
    harness.ping('nobody')
    harness.leave('nobody')
    assert harness.inbox == {}
