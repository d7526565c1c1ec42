import json
import random

import pytest
from support.signaling.broker_harness import BrokerHarness
from support.signaling.signaling_samples import CANDIDATE, description

from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import Role

CODES = {
    'bad_json', 'not_object', 'missing_field', 'bad_type', 'bad_number', 'duplicate_key',
    'unknown_type', 'bad_id', 'id_in_use', 'unknown_peer', 'bad_target', 'bad_state',
    'unknown_session', 'bad_sdp', 'bad_candidate', 'too_many', 'forbidden', 'rate_limited',
}  # fmt: skip
OPEN = Limits(message_rate=1e9, message_burst=1e9)
VALUES = [
    None, True, 0, -1, 1.5, '', 'front', 'ros', 'x' * 300, '\x1b[31m\n', '\ud800', [], [[]], {},
    {'type': 'offer'}, description('offer'), description('answer'), CANDIDATE,
]  # fmt: skip
FIELDS = [
    'type', 'id', 'role', 'name', 'sender_id', 'receiver_id', 'session_id', 'offer', 'answer',
    'candidate', 'reason',
]  # fmt: skip
KINDS = [
    'register', 'registered', 'sender', 'sender_exit', 'receiver_exit', 'request_offer', 'offer',
    'answer', 'candidate', 'bye', 'error',
]  # fmt: skip


@pytest.mark.parametrize('seed', range(10))
def test_random_messages_only_ever_bring_known_codes(seed: int) -> None:
    chance = random.Random(seed)
    harness = BrokerHarness(OPEN)
    harness.join('s', Role.SENDER, 'front')
    harness.join('r', Role.RECEIVER, 'ros')
    harness.connect('w')
    for _ in range(300):
        fields = {field: chance.choice(VALUES) for field in chance.sample(FIELDS, 5)}
        fields['type'] = chance.choice(KINDS)
        harness.say_text(chance.choice('srw'), json.dumps(fields))
    errors = [m for box in harness.inbox.values() for m in box if m['type'] == 'error']
    assert errors
    assert {error['code'] for error in errors} <= CODES
    assert all(error['message'].isprintable() for error in errors)
    assert all(len(error['message']) < 300 for error in errors)


@pytest.mark.parametrize('seed', range(10))
def test_mutilated_text_only_ever_brings_known_codes(seed: int) -> None:
    chance = random.Random(seed)
    harness = BrokerHarness(OPEN)
    harness.join('s', Role.SENDER, 'front')
    harness.join('r', Role.RECEIVER, 'ros')
    harness.say('r', 'request_offer', sender_id='front')
    offer = {'type': 'offer', 'receiver_id': 'ros', 'offer': description('offer')}
    for _ in range(300):
        text = list(json.dumps(offer))
        for _ in range(chance.randint(1, 8)):
            text[chance.randrange(len(text))] = chance.choice('{}[]",:\\\x00\nü9eN ')
        harness.say_text('s', ''.join(text))
    codes = {m['code'] for m in harness.read('s') if m['type'] == 'error'}
    assert codes
    assert codes <= CODES


def test_nothing_a_client_sends_puts_a_line_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level('DEBUG')
    harness = BrokerHarness(OPEN)
    harness.join('s', Role.SENDER, 'front', 'Front \u202e camera')
    for value in ('a\nb', 'a\r\nb', '\x1b[2J', '\u2028'):
        for field in ('type', 'id', 'receiver_id', 'session_id', 'reason', 'name', 'role'):
            harness.say('s', **{'kind': 'bye', **({} if field == 'type' else {field: value})})
            harness.say_text('s', json.dumps({'type': value}))
    assert caplog.records
    assert all(record.getMessage().isprintable() for record in caplog.records)
