"""WebSocket close codes and reasons that both ends know."""

import enum


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
'Reason of a close: a newer socket with the same token now has the id.'
