"""The URL of a signaling server: checked, shown without its secrets, completed for a peer."""

from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlencode, urlsplit, urlunsplit

from webrtc_bridge.errors import OptionError
from webrtc_bridge.signaling.protocol.messages import Role

_EXPECTED = 'ws://host:port or wss://host:port'


def check_server_url(url: str) -> SplitResult:
    """
    Return the parts of a usable URL.

    Raises: OptionError, which shows no credentials.
    """
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        usable = parts.scheme in ('ws', 'wss') and bool(parts.hostname) and parts.port != 0
        _ = (parts.hostname or '').encode('idna')
    except (ValueError, UnicodeError):
        raise OptionError('server', _without_secrets(url), _EXPECTED) from None
    if not usable or parts.fragment or any(c.isspace() or not c.isprintable() for c in url):
        raise OptionError('server', _without_secrets(url), _EXPECTED)
    return parts


def shown(parts: SplitResult) -> str:
    """Return the URL without user, password and query, fit for a log."""
    host = parts.netloc.rpartition('@')[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip('/'), '', ''))


def peer_url(parts: SplitResult, role: Role, wanted: Mapping[str, str]) -> str:
    """Return the URL at which a peer registers by connecting; `wanted` becomes its query."""
    given = urlencode({key: value for key, value in wanted.items() if value}, quote_via=quote)
    query = '&'.join(part for part in (parts.query, given) if part)
    path = f'{parts.path.rstrip("/")}/{role.value}'
    return urlunsplit((parts.scheme, parts.netloc, path, query, ''))


def _without_secrets(url: str) -> str:
    scheme, separator, rest = url.partition('://')
    if not separator:
        return url.rpartition('@')[2].partition('?')[0]
    host, slash, path = rest.partition('/')
    return f'{scheme}://{host.rpartition("@")[2]}{slash}{path}'.partition('?')[0]
