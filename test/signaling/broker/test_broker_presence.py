import json

import pytest
from support.signaling.broker_bench import Bench
from support.signaling.signaling_samples import text

from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import IceServer, Register, Role

S, R = Role.SENDER, Role.RECEIVER


def test_everybody_is_told_its_id_first() -> None:
    servers = [IceServer(('stun:stun.example',))]
    bench = Bench(ice_servers=lambda peer_id: servers)
    bench.join('s', S)
    bench.join('r', R, 'ros', 'ROS')
    (registered,) = bench.read('s')
    assert registered == {
        'type': 'registered',
        'sender_id': 'made1',
        'protocol': 1,
        'ice_servers': [{'urls': 'stun:stun.example'}],
    }
    registered = bench.read('r')[0]
    assert registered['receiver_id'] == registered['receive_id'] == 'ros'


def test_ids_are_uuids_and_sessions_are_128_bits_unless_told_otherwise() -> None:
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


def test_a_receiver_is_told_of_each_sender_before_and_after() -> None:
    bench = Bench()
    bench.join('s1', S, 'front', 'Front camera')
    bench.join('r', R)
    bench.join('s2', S, 'rear')
    assert bench.read('r')[1:] == [
        {'type': 'sender', 'sender_id': 'front', 'name': 'Front camera'},
        {'type': 'sender', 'sender_id': 'rear', 'name': ''},
    ]
    assert bench.kinds('s1') == ['registered']


def test_a_receiver_is_told_when_a_sender_leaves() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.join('r', R)
    bench.read('r')
    bench.leave('s')
    assert bench.read('r') == [{'type': 'sender_exit', 'sender_id': 'front'}]
    bench.leave('s')
    assert bench.read('r') == []


def test_a_sender_is_told_when_a_receiver_leaves_with_which_it_has_a_session() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.join('other', S, 'rear')
    bench.join('r', R, 'robot')
    bench.say('r', 'request_offer', sender_id='front')
    bench.read('s'), bench.read('other')
    bench.leave('r')
    assert bench.read('s') == [{'type': 'receiver_exit', 'receiver_id': 'robot'}]
    assert bench.read('other') == []
    bench.join('again', R, 'robot')
    bench.say('again', 'bye', sender_id='front')
    assert bench.kinds('s') == ['bye']
    bench.leave('again')
    assert bench.read('s') == []


def test_nobody_is_told_of_receivers() -> None:
    bench = Bench()
    bench.join('s', S)
    bench.join('r1', R)
    bench.read('s'), bench.read('r1')
    bench.join('r2', R)
    bench.leave('r2')
    assert bench.read('s') == bench.read('r1') == []


def test_an_id_in_use_is_refused_and_its_owner_is_probed_and_untouched() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.join('thief', S, 'front')
    bench.read('s')
    assert bench.error('thief') == 'id_in_use'
    assert bench.closed == {'thief': 1008}
    assert bench.probed == ['s']
    assert bench.broker.count(S) == 1
    bench.leave('thief')
    assert bench.broker.count(S) == 1


def test_on_ws_a_refused_register_may_be_tried_again() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.connect('w')
    bench.say('w', 'register', role='sender', id='front')
    assert bench.error('w') == 'id_in_use'
    bench.say('w', 'register', role='sender', id='a b')
    assert bench.error('w') == 'bad_id'
    bench.say('w', 'register', role='sender', id='rear')
    assert bench.kinds('w') == ['registered']
    assert bench.closed == {}


def test_an_id_is_free_again_when_its_socket_is_gone() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.leave('s')
    bench.join('again', S, 'front')
    assert bench.kinds('again') == ['registered']


def test_a_sender_and_a_receiver_may_have_the_same_id() -> None:
    bench = Bench()
    bench.join('s', S, 'robot')
    bench.join('r', R, 'robot')
    assert bench.kinds('r') == ['registered', 'sender']


@pytest.mark.parametrize('kind', ['request_offer', 'offer', 'answer', 'candidate', 'bye'])
def test_before_registering_everything_else_is_a_bad_state(kind: str) -> None:
    bench = Bench()
    bench.connect('w')
    bench.say('w', kind)
    assert bench.error('w') == 'bad_state'


def test_registering_twice_is_a_bad_state() -> None:
    bench = Bench()
    bench.join('s', S, 'front')
    bench.read('s')
    bench.say('s', 'register', role='sender', id='other')
    assert bench.error('s') == 'bad_state'


def test_a_socket_that_does_not_register_in_time_is_closed_with_1008() -> None:
    bench = Bench(Limits(hello_timeout=10.0))
    bench.connect('w')
    bench.join('s', S)
    bench.wait(9.9)
    assert bench.closed == {}
    bench.wait(0.1)
    assert bench.closed == {'w': 1008}


def test_a_flood_is_limited_and_then_closed_with_1008() -> None:
    bench = Bench(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    bench.join('s', S, 'front')
    bench.join('r', R)
    bench.read('r')
    for _ in range(20):
        bench.say_text('r', 'x')
    assert {message['code'] for message in bench.read('r')} == {'bad_json'}
    for _ in range(5):
        bench.say_text('r', 'x')
    assert bench.error('r') == 'rate_limited'
    bench.say_text('r', 'x')
    assert bench.closed == {'r': 1008}
    bench.say_text('r', 'x')
    assert bench.read('r') == []


def test_pings_count_as_messages() -> None:
    bench = Bench(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    bench.join('r', R)
    for _ in range(26):
        bench.ping('r')
    assert bench.closed == {'r': 1008}


def test_who_calms_down_is_not_closed() -> None:
    bench = Bench(Limits(message_rate=10.0, message_burst=20.0, max_dropped=5))
    bench.join('r', R)
    for _ in range(10):
        for _ in range(24):
            bench.say_text('r', 'x')
        bench.wait(2.0)
    assert bench.closed == {}


def test_what_comes_from_an_unknown_socket_is_ignored() -> None:
    bench = Bench()
    bench.say('nobody', 'bye', sender_id='front')
    bench.ping('nobody')
    bench.leave('nobody')
    assert bench.inbox == {}
