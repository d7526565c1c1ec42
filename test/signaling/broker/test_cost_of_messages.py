"""The CPU that the worst messages within a client's rate cost the server."""

import json

import pytest
from support.cpu_time import measured
from support.signaling.broker_harness import BrokerHarness
from support.signaling.signaling_samples import CANDIDATE, FINGERPRINT, SDP, description

from webrtc_bridge.signaling.broker.clients import KIB
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.protocol.wire import MAX_MESSAGE

SECONDS = 4
ALLOWED = 0.05
"""
Seconds of CPU for each second of one client's attack, five times what the worst costs here: it
takes a hundred such clients for one core, and turns of the event loop let newcomers in even then.
"""

TINY = json.dumps({'type': 'bye', 'sender_id': 'front'})


def filled(start: str, unit: str, end: str = '') -> str:
    """Return the longest message of this shape."""
    return start + unit * ((MAX_MESSAGE - len(start) - len(end)) // len(unit)) + end


def sdp_of(kind: str, unit: str, start: str = 'v=0\n') -> str:
    """Return the longest description whose lines are `unit`, for a session that waits for it."""
    escaped = json.dumps(unit)[1:-1]
    message = {'type': kind, 'receiver_id': 'ros', kind: description(kind, f'{start}@')}
    head, tail = json.dumps(message).split('@')
    return filled(head, escaped, tail)


MESSAGES = {
    'the smallest': '',
    'a bye without a session': TINY,
    'a request': json.dumps({'type': 'request_offer', 'sender_id': 'front'}),
    'not JSON': filled('', 'x'),
    'nested lists': filled('', '['),
    'nested objects': filled('', '{"":'),
    'many values': filled('{"a":[', '1,', '1]}'),
    'many objects': filled('{"a":[', '{},', '1]}'),
    'many keys': filled('{', '"":1,', '"a":1}'),
    'digits': filled('{"a":', '1', '}'),
    'escapes': filled('{"type":"', '\\n', '"}'),
    'escapes between letters': filled('{"type":"', 'x\\n', '"}'),
    'a long type': filled('{"type":"', '\u00e9', '"}'),
    'a long id': filled('{"type":"bye","sender_id":"', 'x', '"}'),
    'a long reason': filled('{"type":"bye","sender_id":"front","reason":"', 'x', '"}'),
    'an answer for no session': sdp_of('answer', 'a=\n').replace('receiver_id', 'sender_id'),
}
OFFERS = {
    'short lines': sdp_of('offer', 'a=\n'),
    'one long line': sdp_of('offer', 'x', 'v=0\na='),
    'a long line of other letters': sdp_of('offer', '\u00e9', f'{SDP}a='),
    'candidates': sdp_of('offer', f'a={CANDIDATE["candidate"]}\n'),
    'candidates with a wrong end': sdp_of('offer', f'a={CANDIDATE["candidate"]} ufrag\n'),
    'one long candidate': sdp_of('offer', ' x', f'v=0\na={CANDIDATE["candidate"]}'),
    'media': sdp_of('offer', 'm=video 9 UDP/TLS/RTP/SAVPF 96\n'),
    'one medium': sdp_of('offer', ' 96', 'v=0\nm=video 9 UDP/TLS/RTP/SAVPF'),
    'fingerprints': sdp_of('offer', f'{FINGERPRINT}\n'),
    'one long fingerprint': sdp_of('offer', ':A1', f'v=0\n{FINGERPRINT}'),
    'ufrags': sdp_of('offer', 'a=ice-ufrag:aaaa\n'),
    'as many lines as are allowed': sdp_of('offer', f'a={"x" * 52}\n', SDP),
}


def cost(harness: BrokerHarness, socket: str, message: str) -> float:
    """Return the CPU seconds for each second in which `message` is sent as often as allowed."""
    a_second = int(Limits().message_rate / (1 + len(message) // KIB))
    with measured() as spent:
        for _ in range(SECONDS):
            for _ in range(a_second):
                harness.say_text(socket, message)
            harness.inbox.clear()
            harness.wait(1.0)
    assert not harness.closed, 'it is within the rate'
    return spent.seconds / SECONDS


def receiver() -> BrokerHarness:
    harness = BrokerHarness()
    harness.join('s', Role.SENDER, 'front')
    harness.join('r', Role.RECEIVER, 'ros')
    return harness


@pytest.mark.parametrize('name', MESSAGES)
def test_a_receivers_messages_cost_little(name: str) -> None:
    assert cost(receiver(), 'r', MESSAGES[name]) < ALLOWED


@pytest.mark.parametrize('name', OFFERS)
def test_a_senders_descriptions_cost_little(name: str) -> None:
    harness = receiver()
    harness.say('r', 'request_offer', sender_id='front')
    harness.inbox.clear()
    assert cost(harness, 's', OFFERS[name]) < ALLOWED


def test_messages_before_a_registration_cost_little() -> None:
    for message in (TINY, MESSAGES['many values'], MESSAGES['escapes between letters']):
        harness = BrokerHarness(Limits(hello_timeout=100.0))
        harness.connect('w')
        assert cost(harness, 'w', message) < ALLOWED
