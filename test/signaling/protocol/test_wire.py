import json

import pytest
from support.signaling.signaling_samples import CANDIDATE, SDP, description, text

from webrtc_bridge.errors import MessageError
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    ErrorReply,
    IceCandidate,
    IceServer,
    IceServersChanged,
    Message,
    Offer,
    ReceiverExit,
    Register,
    Registered,
    RequestOffer,
    Role,
    SenderExit,
    SenderPresent,
)
from webrtc_bridge.signaling.protocol.wire import (
    parse_from_peer,
    parse_from_server,
    parse_register,
    to_text,
)

OFFER = description('offer')


@pytest.mark.parametrize(
    ('message', 'code', 'ref'),
    [
        ('{}', 'missing_field', None),
        (text(7), 'bad_type', None),
        (text('nonsense'), 'unknown_type', 'nonsense'),
        (text('registered', sender_id='s'), 'unknown_type', 'registered'),
        (text('sender', sender_id='s'), 'unknown_type', 'sender'),
        (text('x' * 100), 'unknown_type', 'x' * 64),
        (text('register', role='sender'), 'bad_state', 'register'),
        (text('request_offer', sender_id='s'), 'forbidden', 'request_offer'),
        (text('answer', receiver_id='r', answer=OFFER), 'forbidden', 'answer'),
        (text('offer', offer=OFFER), 'missing_field', 'offer'),
        (text('offer', sender_id='s', offer=OFFER), 'missing_field', 'offer'),
        (text('offer', receiver_id='r'), 'missing_field', 'offer'),
        (text('offer', receiver_id=7, offer=OFFER), 'bad_type', 'offer'),
        (text('offer', receiver_id=None, offer=OFFER), 'bad_type', 'offer'),
        (text('offer', receiver_id='', offer=OFFER), 'bad_target', 'offer'),
        (text('offer', receiver_id='a b', offer=OFFER), 'bad_target', 'offer'),
        (text('offer', receiver_id='r\n', offer=OFFER), 'bad_target', 'offer'),
        (text('offer', receiver_id='r', offer='v=0'), 'bad_type', 'offer'),
        (text('offer', receiver_id='r', offer=description('answer')), 'bad_sdp', 'offer'),
        (text('offer', receiver_id='r', offer=OFFER, session_id=7), 'bad_type', 'offer'),
        (text('candidate', receiver_id='r'), 'missing_field', 'candidate'),
        (text('candidate', receiver_id='r', candidate='x'), 'bad_type', 'candidate'),
        (text('candidate', receiver_id='r', candidate={}), 'bad_candidate', 'candidate'),
        (text('bye'), 'missing_field', 'bye'),
        (text('bye', receiver_id='r', reason=7), 'bad_type', 'bye'),
        (text('bye', receiver_id='r', reason='x' * 129), 'bad_type', 'bye'),
        (text('bye', receiver_id='r', reason='a\nb'), 'bad_type', 'bye'),
    ],
)
def test_a_wrong_message_of_a_sender_has_its_code_and_ref(
    message: str, code: str, ref: str | None
) -> None:
    with pytest.raises(MessageError) as caught:
        parse_from_peer(message, Role.SENDER).message()
    assert (caught.value.code, caught.value.ref) == (code, ref)
    assert caught.value.message.isprintable()


def test_a_receiver_may_not_offer() -> None:
    with pytest.raises(MessageError, match='forbidden'):
        parse_from_peer(text('offer', sender_id='s', offer=OFFER), Role.RECEIVER)


@pytest.mark.parametrize(
    ('message', 'code'),
    [
        (text('bye', sender_id='s'), 'bad_state'),
        (text('nonsense'), 'unknown_type'),
        (text('register'), 'missing_field'),
        (text('register', role=7), 'bad_type'),
        (text('register', role='viewer'), 'bad_type'),
        (text('register', role='sender', id=7), 'bad_type'),
        (text('register', role='sender', id='a b'), 'bad_id'),
        (text('register', role='sender', id='x' * 65), 'bad_id'),
        (text('register', role='sender', id='x\n'), 'bad_id'),
        (text('register', role='sender', id='ü'), 'bad_id'),
        (text('register', role='sender', name='x' * 129), 'bad_type'),
        (text('register', role='sender', name='a\x7fb'), 'bad_type'),
        (text('register', role='sender', name='a\ud800b'), 'bad_type'),
        (text('register', role='sender', name='a\u2028b'), 'bad_type'),
    ],
)
def test_a_wrong_first_message_has_its_code(message: str, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_register(message)
    assert caught.value.code == code


def test_a_register_is_read_with_or_without_id_and_name() -> None:
    full = text('register', role='sender', id='front-1.a_b', name='Türkamera <b>')
    assert parse_register(full) == Register(Role.SENDER, 'front-1.a_b', 'Türkamera <b>')
    assert parse_register(text('register', role='receiver')) == Register(Role.RECEIVER)


@pytest.mark.parametrize('role', list(Role))
@pytest.mark.parametrize(
    'message',
    [
        Registered('me', 1, (IceServer(('stun:example.org',)),)),
        IceServersChanged((IceServer(('stun:example.org',)),)),
        SenderPresent('front', 'Front camera'),
        SenderExit('front'),
        ReceiverExit('robot'),
        RequestOffer('you', '0a'),
        Offer('you', '0a', SDP),
        Answer('you', '', SDP),
        Candidate('you', '0a', IceCandidate(CANDIDATE['candidate'], '0', 0)),
        Candidate('you', '', None),
        Bye('you', '0a', 'done'),
        ErrorReply('bad_json', 'message: not JSON', None),
        ErrorReply('bad_sdp', 'offer.sdp: nothing', 'offer'),
        ErrorReply('too_many', 'sender_id: asked too often', 'request_offer', 'front'),
    ],
)
def test_what_the_server_writes_a_client_reads(message: Message, role: Role) -> None:
    assert parse_from_server(to_text(message, role), role) == message


def test_what_a_client_writes_the_server_reads() -> None:
    request = RequestOffer('front')
    assert parse_from_peer(to_text(request, Role.RECEIVER), Role.RECEIVER).message() == request
    register = Register(Role.RECEIVER, 'me', 'Me')
    assert parse_register(to_text(register, Role.RECEIVER)) == register


def test_the_other_party_is_named_by_its_role() -> None:
    to_sender = json.loads(to_text(Bye('r1', 's1', 'x'), Role.SENDER))
    assert to_sender == {'type': 'bye', 'receiver_id': 'r1', 'session_id': 's1', 'reason': 'x'}
    to_receiver = json.loads(to_text(Offer('front', 's1', SDP), Role.RECEIVER))
    assert to_receiver['sender_id'] == 'front'
    assert to_receiver['offer'] == {'type': 'offer', 'sdp': SDP}


def test_a_receiver_learns_its_id_under_both_names() -> None:
    message = json.loads(to_text(Registered('r1'), Role.RECEIVER))
    assert message == {
        'type': 'registered',
        'receiver_id': 'r1',
        'receive_id': 'r1',
        'protocol': 1,
        'ice_servers': [],
    }
    assert 'receive_id' not in to_text(Registered('s1'), Role.SENDER)


def test_an_ice_server_that_cannot_be_read_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    servers = [{'urls': 5}, {'urls': 'stun:good'}]
    message = parse_from_server(
        text('registered', sender_id='s', ice_servers=servers), Role.SENDER
    )
    assert message == Registered('s', 1, (IceServer(('stun:good',)),))
    assert 'ICE server ignored: ice_servers.urls: expected a URL or a list' in caplog.text


@pytest.mark.parametrize(
    ('message', 'code'),
    [
        (text('registered'), 'missing_field'),
        (text('registered', receiver_id='r', protocol='1'), 'bad_type'),
        (text('registered', receiver_id='r', ice_servers={}), 'bad_type'),
        (text('registered', receiver_id='r', ice_servers=['stun:x']), 'bad_type'),
        (text('sender'), 'missing_field'),
        (text('sender_exit', sender_id='a b'), 'bad_target'),
        (text('error'), 'missing_field'),
        (text('from_a_newer_server'), 'unknown_type'),
    ],
)
def test_a_wrong_message_of_a_server_is_refused(message: str, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_from_server(message, Role.RECEIVER)
    assert caught.value.code == code
