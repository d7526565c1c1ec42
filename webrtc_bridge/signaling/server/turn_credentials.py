"""
Passwords for a TURN server that are valid for a limited time.

As "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00, section 2.2) makes
them, and coturn takes them with `use-auth-secret` and `static-auth-secret`: the server, which
knows the same secret, needs no list of users.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class TurnCredentials:
    """What a TURN client logs in with."""

    username: str
    credential: str


def turn_credentials(secret: str, expires: int, peer_id: str = '') -> TurnCredentials:
    """
    Return what logs in, until `expires` (Unix time, s), where `secret` is known.

    `peer_id` stands in the TURN server's log, for people.
    """
    username = f'{expires}:{peer_id}' if peer_id else str(expires)
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return TurnCredentials(username, base64.b64encode(digest).decode())
