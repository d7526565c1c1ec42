"""Rights of the bearer of a token: values, with neither clock nor cryptography."""

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from webrtc_bridge.signaling.protocol.messages import Role

EVERY_SENDER = ('*',)


@dataclass(frozen=True, slots=True)
class Rights:
    """
    Rights of one token; the defaults are everyone's where there is no secret.

    `senders` are patterns of ids, as of file names: `front*`. `expires` is Unix time, in seconds.
    """

    publish: bool = True
    view: bool = True
    senders: tuple[str, ...] = EVERY_SENDER
    expires: float = math.inf
    key: str = 'none'
    'Name of the token in the log.'
    proof: bytes = field(default=b'', repr=False)
    'Digest of the token; empty, without one, proves nothing.'

    def covers(self, sender_id: str) -> bool:
        """Return whether this sender is among those that the token is for."""
        if self.senders == EVERY_SENDER:
            return True
        return any(fnmatchcase(sender_id, pattern) for pattern in self.senders)

    def what_forbids(self, role: Role, peer_id: str) -> str | None:
        """Return why no peer of `role` may register as `peer_id`, in words; None if it may."""
        if role is Role.RECEIVER:
            return None if self.view else 'role: the token has no right to view'
        if not self.publish:
            return 'role: the token has no right to publish'
        if not self.covers(peer_id):
            return 'id: the token is for senders like ' + ', '.join(self.senders)[:100]
        return None
