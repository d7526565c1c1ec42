"""
The messages of the signaling protocol, version 1 (docs/protocol.md), as values.

A session message names the *other* party as `peer_id`, whatever its field is called on the wire
(`receiver_id` on a sender's socket, `sender_id` on a receiver's). `wire.py` reads and writes them.
"""

import enum
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

PROTOCOL = 1
'Version of the protocol, as sent in `registered`.'


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, as `RTCIceServer` in browsers."""

    urls: tuple[str, ...]
    username: str = ''
    credential: str = field(default='', repr=False)


@dataclass(frozen=True, slots=True)
class IceCandidate:
    """
    An ICE candidate, as `RTCIceCandidateInit` in browsers.

    `line` is `candidate:…`, or empty for the end of the candidates; it belongs to the section of
    the description that has the identification `mid` or the index `mline_index`.
    """

    line: str
    mid: str | None = None
    mline_index: int | None = None
    ufrag: str | None = None


class Role(enum.StrEnum):
    """The direction of a peer: it sends video, or receives it."""

    SENDER = 'sender'
    RECEIVER = 'receiver'

    @property
    def other(self) -> 'Role':
        """The role at the other end of a session."""
        return Role.RECEIVER if self is Role.SENDER else Role.SENDER


@dataclass(frozen=True, slots=True)
class Register:
    """First message on `/ws`; the server makes an id where `id` is empty."""

    TYPE: ClassVar[str] = 'register'
    role: Role
    id: str = ''
    name: str = ''
    takeover: bool = True
    'Take the id over from a live socket with the same token, if there is one.'


@dataclass(frozen=True, slots=True)
class Registered:
    """First message on every socket; `peer_id` is the id of the peer itself."""

    TYPE: ClassVar[str] = 'registered'
    peer_id: str
    protocol: int = PROTOCOL
    ice_servers: tuple[IceServer, ...] = ()


@dataclass(frozen=True, slots=True)
class IceServersChanged:
    """Replacements for those of `registered`, whose passwords are about to expire."""

    TYPE: ClassVar[str] = 'ice_servers'
    ice_servers: tuple[IceServer, ...]


@dataclass(frozen=True, slots=True)
class SenderPresent:
    """To receivers: this sender can be asked for an offer."""

    TYPE: ClassVar[str] = 'sender'
    sender_id: str
    name: str = ''


@dataclass(frozen=True, slots=True)
class SenderExit:
    """To receivers: the sender's signaling socket is gone; media that flows is not touched."""

    TYPE: ClassVar[str] = 'sender_exit'
    sender_id: str


@dataclass(frozen=True, slots=True)
class ReceiverExit:
    """
    To the senders that a receiver has sessions with: its signaling socket is gone.

    Media that flows is not touched; but if the receiver no longer answers either, it has died.
    """

    TYPE: ClassVar[str] = 'receiver_exit'
    receiver_id: str


@dataclass(frozen=True, slots=True)
class RequestOffer:
    """A receiver asks a sender for a session; the server adds its `session_id`."""

    TYPE: ClassVar[str] = 'request_offer'
    peer_id: str
    session_id: str = ''


@dataclass(frozen=True, slots=True)
class Offer:
    """The sender's session description."""

    TYPE: ClassVar[str] = 'offer'
    peer_id: str
    session_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's session description."""

    TYPE: ClassVar[str] = 'answer'
    peer_id: str
    session_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate of the peer that sends it; None is the end of its candidates."""

    TYPE: ClassVar[str] = 'candidate'
    peer_id: str
    session_id: str
    candidate: IceCandidate | None


@dataclass(frozen=True, slots=True)
class Bye:
    """This session is over."""

    TYPE: ClassVar[str] = 'bye'
    peer_id: str
    session_id: str
    reason: str = ''


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """
    Reply to a bad message; `ref` is the type of that message, if it had one.

    `sender_id` is the sender that was asked too often; empty for everything else.
    """

    TYPE: ClassVar[str] = 'error'
    code: str
    message: str
    ref: str | None = None
    sender_id: str = ''


SessionMessage: TypeAlias = RequestOffer | Offer | Answer | Candidate | Bye
Message: TypeAlias = (
    Register
    | Registered
    | IceServersChanged
    | SenderPresent
    | SenderExit
    | ReceiverExit
    | SessionMessage
    | ErrorReply
)
