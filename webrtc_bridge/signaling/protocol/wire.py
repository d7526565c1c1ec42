"""
Parse the text on a WebSocket into messages, and write messages as text.

The other party of a session message is `receiver_id` on a sender's socket and `sender_id` on a
receiver's, in both directions; so `role` below is always the role of the peer on that socket,
at whichever end this is called.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.signaling.protocol import fields
from webrtc_bridge.signaling.protocol.ice_candidate import candidate_from_json, candidate_to_json
from webrtc_bridge.signaling.protocol.ice_server import ice_server_from_json, ice_server_to_json
from webrtc_bridge.signaling.protocol.json_text import read_object, write_object
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Bye,
    Candidate,
    ErrorReply,
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
    SessionMessage,
)
from webrtc_bridge.signaling.protocol.session_description import (
    check_description,
    count_candidates,
)

MAX_MESSAGE = 65536
'Most bytes of one message.'

SESSION_MESSAGES = (RequestOffer, Offer, Answer, Candidate, Bye)

_Fields = dict[str, Any]

logger = logging.getLogger(__name__)


def parse_register(text: str) -> Register:
    """
    Parse the first message of a socket on `/ws`.

    Raises: MessageError; bad_state for any other message of the protocol.
    """
    value = read_object(text)
    kind = _kind(value)
    if kind == Register.TYPE:
        return register_of(fields.role(value, kind), value)
    if kind in _FROM_PEER:
        raise MessageError('bad_state', f'type: {kind} given, expected register first', kind)
    raise _unknown(kind)


def register_of(role: Role, value: _Fields) -> Register:
    """
    Return the registration that the fields of a message, or of a query, ask for.

    Raises: MessageError.
    """
    ref = Register.TYPE
    return Register(
        role,
        fields.own_id(value, ref),
        fields.plain_text(value, 'name', ref),
        fields.yes_or_no(value, 'takeover', ref),
    )


@dataclass(slots=True)
class Envelope:
    """
    A session message as far as the server must read it to decide whether it is of use.

    What it holds is not checked before `message()`: a description costs more than all the rest.
    """

    kind: str
    peer_id: str
    session_id: str
    _fields: _Fields

    @property
    def candidates(self) -> int:
        """Number of ICE candidates in it, a description's included."""
        content = self._fields.get(self.kind)
        if self.kind == Candidate.TYPE:
            return 0 if content is None else 1
        sdp = content.get('sdp') if type(content) is dict else ''
        return count_candidates(sdp) if type(sdp) is str else 0

    def message(self) -> SessionMessage:
        """
        Return the message, checked.

        Raises: MessageError.
        """
        return _FROM_PEER[self.kind](self._fields, self.peer_id, self.session_id)


def parse_from_peer(text: str, role: Role) -> Envelope:
    """
    Parse the envelope of what a registered peer of `role` sent to the server.

    Raises: MessageError.
    """
    value = read_object(text)
    kind = _kind(value)
    if kind not in _FROM_PEER:
        if kind == Register.TYPE:
            raise MessageError('bad_state', 'type: register given, this socket has an id', kind)
        raise _unknown(kind)
    if kind in _FORBIDDEN[role]:
        raise MessageError('forbidden', f'type: a {role.value} does not send {kind}', kind)
    return _envelope(value, kind, role)


def parse_from_server(text: str, role: Role) -> Message:
    """
    Parse what the server sent to a peer of `role`.

    Raises: MessageError; its code unknown_type may come from a newer server.
    """
    value = read_object(text)
    kind = _kind(value)
    if kind == Registered.TYPE:
        return _registered(value, role)
    if kind == IceServersChanged.TYPE:
        return IceServersChanged(_ice_servers(fields.required(value, 'ice_servers', kind), kind))
    if kind == SenderPresent.TYPE:
        sender_id = fields.target_id(value, 'sender_id', kind)
        return SenderPresent(sender_id, fields.plain_text(value, 'name', kind))
    if kind == SenderExit.TYPE:
        return SenderExit(fields.target_id(value, 'sender_id', kind))
    if kind == ReceiverExit.TYPE:
        return ReceiverExit(fields.target_id(value, 'receiver_id', kind))
    if kind == ErrorReply.TYPE:
        return _error_reply(value)
    if kind not in _FROM_PEER:
        raise _unknown(kind)
    return _envelope(value, kind, role).message()


def to_text(message: Message, role: Role) -> str:
    """Return `message` as text for, or from, a peer of `role`."""
    if isinstance(message, SESSION_MESSAGES):
        return session_text(message, role, message.peer_id, message.session_id)
    return write_object({'type': message.TYPE} | _of_server(message, role))


def session_text(message: SessionMessage, role: Role, peer_id: str, session_id: str) -> str:
    """Return `message` as text for, or from, a peer of `role`, with these ids, not its own."""
    value: _Fields = {'type': message.TYPE, f'{role.other.value}_id': peer_id}
    if session_id:
        value['session_id'] = session_id
    match message:
        case Offer() | Answer():
            value[message.TYPE] = {'type': message.TYPE, 'sdp': message.sdp}
        case Candidate():
            value['candidate'] = candidate_to_json(message.candidate)
        case Bye():
            value['reason'] = message.reason
    return write_object(value)


def _of_server(message: Message, role: Role) -> _Fields:
    match message:
        case Registered(peer_id, protocol, ice_servers):
            ids = {f'{role.value}_id': peer_id}
            if role is Role.RECEIVER:
                # The name in the first diagram of this protocol; clients read it.
                ids['receive_id'] = peer_id
            return ids | {'protocol': protocol, 'ice_servers': _written(ice_servers)}
        case IceServersChanged(ice_servers):
            return {'ice_servers': _written(ice_servers)}
        case SenderPresent(sender_id, name):
            return {'sender_id': sender_id, 'name': name}
        case SenderExit(sender_id):
            return {'sender_id': sender_id}
        case ReceiverExit(receiver_id):
            return {'receiver_id': receiver_id}
        case ErrorReply(code, text, ref, sender_id):
            about = {'ref': ref, 'sender_id': sender_id or None}
            known = {key: value for key, value in about.items() if value is not None}
            return {'code': code, 'message': text} | known
        case Register(own_role, peer_id, name, takeover):
            values = {'role': own_role.value, 'id': peer_id, 'name': name}
            return values | ({} if takeover else {'takeover': False})
    raise TypeError(f'{message!r} is not a message')


def _kind(value: _Fields) -> str:
    return fields.required_text(value, 'type', None)


def _unknown(kind: str) -> MessageError:
    return MessageError('unknown_type', f'type: {printable(kind)} is not known', kind[:64])


def _envelope(value: _Fields, kind: str, role: Role) -> Envelope:
    peer_id = fields.target_id(value, f'{role.other.value}_id', kind)
    return Envelope(kind, peer_id, fields.optional_text(value, 'session_id', kind), value)


def _request_offer(value: _Fields, peer_id: str, session_id: str) -> SessionMessage:
    return RequestOffer(peer_id, session_id)


def _offer(value: _Fields, peer_id: str, session_id: str) -> SessionMessage:
    kind = Offer.TYPE
    sdp = check_description(fields.required(value, kind, kind), kind)
    return Offer(peer_id, session_id, sdp)


def _answer(value: _Fields, peer_id: str, session_id: str) -> SessionMessage:
    kind = Answer.TYPE
    sdp = check_description(fields.required(value, kind, kind), kind)
    return Answer(peer_id, session_id, sdp)


def _candidate(value: _Fields, peer_id: str, session_id: str) -> SessionMessage:
    kind = Candidate.TYPE
    return Candidate(peer_id, session_id, candidate_from_json(fields.required(value, kind, kind)))


def _bye(value: _Fields, peer_id: str, session_id: str) -> SessionMessage:
    return Bye(peer_id, session_id, fields.plain_text(value, 'reason', Bye.TYPE))


def _registered(value: _Fields, role: Role) -> Registered:
    kind = Registered.TYPE
    protocol = value.get('protocol', 1)
    if type(protocol) is not int:
        raise fields.error('bad_type', 'protocol', protocol, 'a whole number', kind)
    return Registered(
        fields.target_id(value, f'{role.value}_id', kind),
        protocol,
        _ice_servers(value.get('ice_servers', []), kind),
    )


def _ice_servers(value: Any, kind: str) -> tuple[IceServer, ...]:
    if type(value) is not list or not all(type(server) is dict for server in value):
        raise fields.error('bad_type', 'ice_servers', value, 'a list of objects', kind)
    return tuple(_usable(value))


def _usable(values: Iterable[_Fields]) -> Iterable[IceServer]:
    for value in values:
        try:
            yield ice_server_from_json(value)
        except MessageError as error:
            # The others may be usable.
            logger.warning('ICE server ignored: %s', error.message)


def _written(servers: Iterable[IceServer]) -> list[_Fields]:
    return [ice_server_to_json(server) for server in servers]


def _error_reply(value: _Fields) -> ErrorReply:
    kind = ErrorReply.TYPE
    code = fields.required_text(value, 'code', kind)
    ref = fields.optional_text(value, 'ref', kind) or None
    text = fields.optional_text(value, 'message', kind)
    return ErrorReply(code, text, ref, fields.optional_text(value, 'sender_id', kind))


_FROM_PEER: dict[str, Callable[[_Fields, str, str], SessionMessage]] = {
    RequestOffer.TYPE: _request_offer,
    Offer.TYPE: _offer,
    Answer.TYPE: _answer,
    Candidate.TYPE: _candidate,
    Bye.TYPE: _bye,
}
_FORBIDDEN = {
    Role.SENDER: frozenset({RequestOffer.TYPE, Answer.TYPE}),
    Role.RECEIVER: frozenset({Offer.TYPE}),
}
