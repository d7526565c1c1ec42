"""URLs of sources, as people type them."""

import re
from urllib.parse import unquote

from webrtc_bridge.errors import OptionError
from webrtc_bridge.program.redaction import without_credentials

ESCAPED = 'with / ? # in its user name or password written as %2F %3F %23'


def is_url(source: str) -> bool:
    """Return whether `source` starts with a scheme."""
    return re.match(r'[A-Za-z][A-Za-z0-9+.-]*://', source) is not None


def normalized(url: str) -> str:
    """
    Return `url` with its scheme in lower case, as the libraries want it.

    Raises: OptionError, if an unescaped password would be taken for a host or path.
    """
    scheme, _, rest = url.partition('://')
    if may_be_misread(url) and not re.search(r':\d+$', _split(url)[0]):
        raise OptionError('--source', without_credentials(url), f'a URL {ESCAPED}')
    return f'{scheme.lower()}://{rest}'


def may_be_misread(url: str) -> bool:
    """Return whether `url` may contain credentials that RFC 3986 says are something else."""
    authority, rest = _split(url)
    host = authority.rpartition('@')[2].rpartition(']')[2]
    return '@' in rest and ':' in host


def local_path(url: str) -> str:
    """Return the path that a file URL names (RFC 8089)."""
    path = url.partition('://')[2]
    return unquote(re.sub(r'^localhost(?=/)', '', path))


def _split(url: str) -> tuple[str, str]:
    """Return the authority of `url` (RFC 3986, section 3.2) and what follows it."""
    after_scheme = url.partition('://')[2]
    authority = re.split('[/?#]', after_scheme, maxsplit=1)[0]
    return authority, after_scheme[len(authority) :]
