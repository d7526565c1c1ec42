"""What the broker wants done; the server carries it out, in order."""

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
    """Find out now whether somebody is still at the other end of the socket."""

    connection: Hashable


Action: TypeAlias = Send | Close | Probe
