"""Actions that the selection decides on; the receiver carries them out, in order."""

import enum
from dataclasses import dataclass
from typing import TypeAlias

from webrtc_bridge.signaling.protocol.messages import Offer


@dataclass(frozen=True, slots=True)
class Request:
    """Ask the sender for an offer."""

    sender_id: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Answer an unsolicited offer with bye."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Open:
    """Answer the offer: open stream `serial`."""

    serial: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Adopt:
    """Stream `serial` is the current one from now on: its first picture has come."""

    serial: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Hand on the pictures of stream `serial` again: the newer one was ended as it started."""

    serial: int


@dataclass(frozen=True, slots=True)
class End:
    """End stream `serial`."""

    serial: int
    reason: str


@dataclass(frozen=True, slots=True)
class SwitchFailed:
    """The sender that was `wanted` shows no picture; the one that is `kept` is followed again."""

    wanted: str
    kept: str


class TroubleKind(enum.Enum):
    """Reasons why no video arrives."""

    NO_OFFER = 'no offer'
    REFUSED = 'refused'
    SESSION_ENDED = 'session ended'


@dataclass(frozen=True, slots=True)
class Trouble:
    """Report why no video arrives from the sender; it is asked again."""

    kind: TroubleKind
    sender_id: str
    reason: str


Action: TypeAlias = Request | Reject | Open | Adopt | Resume | End | SwitchFailed | Trouble
