"""Secrets in files that only their owner can read, or in the environment."""

import os
import re
import stat

from webrtc_bridge.errors import UnusableValueError, describe
from webrtc_bridge.program.files import read_bounded, write_whole

MAX_SECRET = 4096
'Characters; a header line of HTTP may have 8190 with aiohttp.'

MAX_FILE = 65536

_LINE = re.compile(r'[ -~]+')
'Printable ASCII, so that it fits into an HTTP header as it is.'


def read_secret(option: str, file: str, variable: str) -> str:
    """
    Return the secret in `file`, or in the environment if none is given; empty if there is none.

    Raises: UnusableValueError, which names `option` or `variable`.
    """
    if file:
        return _checked(option, _read(option, file), f'{file} holds something else')
    value = os.environ.get(variable, '').strip()
    return _checked(variable, value, 'something else is set') if value else ''


def write_private(option: str, file: str, text: str, *, replace: bool) -> None:
    """
    Write one line to `file`, whole or not at all, with mode 0600.

    Raises: UnusableValueError, also if it exists already and is not to be replaced.
    """
    line = text if text.endswith('\n') else f'{text}\n'
    try:
        write_whole(file, line.encode(), mode=0o600, replace=replace)
    except FileExistsError:
        raise UnusableValueError(option, f'{file} exists already', 'a new file') from None
    except OSError as error:
        found = f'{file}: {describe(error)}'
        raise UnusableValueError(option, found, 'a file to write to') from None


def _read(option: str, file: str) -> str:
    try:
        mode = os.stat(file).st_mode
        content = read_bounded(file, MAX_FILE)
    except OSError as error:
        found = f'{file}: {describe(error)}'
        raise UnusableValueError(option, found, 'a readable file') from None
    # Windows has no such modes, and reports every file as readable by all.
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name != 'nt':
        found = f'{file} has mode {stat.S_IMODE(mode):04o}'
        raise UnusableValueError(option, found, f'0600: run chmod 600 {file}')
    return content.decode('ascii', 'replace').strip()


def _checked(name: str, secret: str, otherwise: str) -> str:
    if not _LINE.fullmatch(secret) or len(secret) > MAX_SECRET:
        expected = f'one line of 1 to {MAX_SECRET} printable ASCII characters'
        raise UnusableValueError(name, otherwise, expected)
    return secret
