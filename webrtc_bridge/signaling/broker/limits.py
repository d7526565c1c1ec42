"""The bounds that the broker holds its clients to, and the codes a socket is closed with."""

import enum
from dataclasses import dataclass


class CloseCode(enum.IntEnum):
    """WebSocket close codes that the server uses (RFC 6455, section 7.4, and IANA's registry)."""

    NORMAL = 1000
    UNSUPPORTED = 1003
    'A binary frame.'
    NOT_UTF8 = 1007
    POLICY = 1008
    'No first message in time, too many messages, or no right to be here.'
    TOO_LARGE = 1009
    RESTART = 1012
    TRY_LATER = 1013
    'The server is full, or the client reads too slowly.'


TAKEN_OVER = 'the id was taken over'
'Reason of a close: a newer socket with the same token has the id now.'


@dataclass(frozen=True)
class Limits:
    """What one client, one session and one broker may use."""

    hello_timeout: float = 10.0
    'Seconds that a socket on `/ws` has for its `register`.'

    message_rate: float = 200.0
    'Messages per second of one client in the long run.'

    message_burst: float = 1000.0
    'Messages that a client may be ahead of that rate.'

    max_dropped: int = 100
    'Messages above the rate that are dropped before the socket is closed.'

    max_candidates: int = 64
    'ICE candidates from each side of a session, those in its description included.'

    max_pending: int = 8
    'Sessions of one receiver that wait for offer or answer.'

    session_timeout: float = 15.0
    'Seconds from `request_offer` to `answer`.'

    absence: float = 60.0
    'Seconds that the sessions of a peer without a socket are remembered.'

    max_absent: int = 1024
    'Peers without a socket that are remembered; beyond, the longest gone is forgotten.'

    ice_servers_renewal: float = 0.0
    'Seconds after which a peer is told the ICE servers anew; 0 is never.'
