"""Address of a signaling server, and the credentials for it."""

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, quote, urlencode, urlsplit, urlunsplit

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ServerOptions
from webrtc_bridge.program.files import Followed, without_waiting
from webrtc_bridge.signaling.client.client_tls import client_context
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.secret_file import read_secret

TOKEN = 'WEBRTC_BRIDGE_TOKEN'
'Environment variable with the token; no option holds it: any user can read command lines.'

_EXPECTED = 'ws://host:port or wss://host:port'


@dataclass(frozen=True)
class ServerAccess:
    """A server's address, the token for it, and whom to trust; the `repr` shows no secret."""

    url: SplitResult = field(repr=False)
    token: str = field(default='', repr=False)
    'Empty: none.'
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    'None for ws://.'
    token_file: str = ''
    trust: Callable[[], ssl.SSLContext] | None = field(default=None, repr=False)
    'Returns the `tls` that the file of the CA gives now; None: it stays as it is.'

    @classmethod
    def of(cls, options: ServerOptions) -> 'ServerAccess':
        """
        Return the access that `options`, the files that they name, and the environment give.

        Raises: OptionError, which shows no secret.
        """
        url = check_server_url(options.server_url)
        secure = url.scheme == 'wss'
        if options.ca_file and not secure:
            raise OptionError('ca', options.ca_file, 'none, or a server at wss://')
        trust = _trust(options.ca_file) if secure else None
        access = cls(url, token_file=options.token_file, trust=trust)._with_files()
        if access.token and '@' in url.netloc:
            expected = 'a URL without user and password, since there is a token'
            raise OptionError('server', shown(url), expected)
        return access

    @property
    def shown_url(self) -> str:
        """The URL without credentials, for people."""
        return shown(self.url)

    @property
    def exposes_token(self) -> bool:
        """Return whether others can read the token in transit."""
        host = self.url.hostname or ''
        try:
            is_here = ipaddress.ip_address(host).is_loopback
        except ValueError:
            is_here = host == 'localhost'
        return bool(self.token) and self.tls is None and not is_here

    def renewed(self) -> 'ServerAccess':
        """
        Return a copy with what the files of token and CA hold now; both expire.

        If the file of the CA cannot be used any more, that is logged, and what it held is kept.
        Neither is waited for, should it be a pipe by now.

        Raises: OptionError for the token.
        """
        with without_waiting():
            return self._with_files()

    def _with_files(self) -> 'ServerAccess':
        token = read_secret('token-file', self.token_file, TOKEN)
        return replace(self, token=token, tls=self.trust() if self.trust else self.tls)


def _trust(ca_file: str) -> Callable[[], ssl.SSLContext]:
    return Followed(lambda: client_context(ca_file), *filter(None, [ca_file])).current


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
    own = urlencode({key: value for key, value in wanted.items() if value}, quote_via=quote)
    query = '&'.join(part for part in (parts.query, own) if part)
    path = f'{parts.path.rstrip("/")}/{role.value}'
    return urlunsplit((parts.scheme, parts.netloc, path, query, ''))


def _without_secrets(url: str) -> str:
    scheme, separator, rest = url.partition('://')
    if not separator:
        return url.rpartition('@')[2].partition('?')[0]
    host, slash, path = rest.partition('/')
    return f'{scheme}://{host.rpartition("@")[2]}{slash}{path}'.partition('?')[0]
