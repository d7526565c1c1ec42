"""Actions that the broker asks for; the server carries them out in order."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Send:
    """Send the text to the socket."""

    connection: Hashable
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket; the broker has already forgotten it."""

    connection: Hashable
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Ping the socket, to find out whether its peer is still alive."""

    connection: Hashable


Action: TypeAlias = Send | Close | Probe
