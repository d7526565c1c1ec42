"""The STUN and TURN servers that `registered` tells every peer."""

from pathlib import Path

from webrtc_bridge.errors import MessageError, OptionError
from webrtc_bridge.signaling.json_text import read_object
from webrtc_bridge.signaling.messages import IceServer

_SCHEMES = ('stun:', 'stuns:', 'turn:', 'turns:')
_EXPECTED = 'stun:host:port or turn:host:port'
_KEYS = {'urls', 'username', 'credential'}
_FILE = 'a JSON file like [{"urls": "turn:host:3478", "username": "…", "credential": "…"}]'
MAX_FILE = 65536


def ice_servers(urls: tuple[str, ...], file: str) -> tuple[IceServer, ...]:
    """
    Return the servers of the option `ice_servers` and those in the file, if there is one.

    Raises: OptionError, also for a file that cannot be read.
    """
    for url in urls:
        if not _is_url(url):
            raise OptionError('ice_servers', url, _EXPECTED)
    servers: list[IceServer] = [{'urls': url} for url in urls]
    return tuple(servers + (_read(file) if file else []))


def _read(file: str) -> list[IceServer]:
    try:
        text = Path(file).read_text('utf-8')
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError('ice_servers_file', file, f'a readable file ({reason})') from None
    except ValueError:
        raise OptionError('ice_servers_file', file, _FILE) from None
    try:
        servers = read_object(f'{{"servers":{text}}}')['servers']
    except MessageError:
        raise OptionError('ice_servers_file', file, _FILE) from None
    if len(text) > MAX_FILE // 2 or type(servers) is not list:
        raise OptionError('ice_servers_file', file, _FILE)
    for server in servers:
        if not _is_server(server):
            # Not shown: it holds a password.
            raise OptionError('ice_servers_file', file, _FILE)
    return servers


def _is_server(server: object) -> bool:
    if not isinstance(server, dict) or not set(server) <= _KEYS:
        return False
    urls = server.get('urls')
    several = urls if isinstance(urls, list) else [urls]
    texts = [server.get(key, '') for key in ('username', 'credential')]
    return bool(several) and all(map(_is_url, several)) and all(type(t) is str for t in texts)


def _is_url(url: object) -> bool:
    if not isinstance(url, str) or not url.isprintable() or ' ' in url:
        return False
    return any(url.startswith(scheme) and len(url) > len(scheme) for scheme in _SCHEMES)
