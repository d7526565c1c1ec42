"""Files: read with a bound, written whole or not at all, read again when they have changed."""

import contextlib
import errno
import logging
import math
import os
import secrets
import select
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Generic, TypeVar

from webrtc_bridge.errors import WebrtcBridgeError

PATIENCE = 2.0
'Seconds in which a pipe must deliver where a program starts; signals are not handled meanwhile.'

READ_AGAIN = 10.0
'Seconds after which a file that could not be used is tried again: files may have been short.'

T = TypeVar('T')

logger = logging.getLogger(__name__)

_waits = ContextVar('waits', default=True)


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """Read only what a pipe holds already: the event loop runs, and a writer may stay silent."""
    token = _waits.set(False)
    try:
        yield
    finally:
        _waits.reset(token)


def read_bounded(file: str | os.PathLike[str], limit: int) -> bytes:
    """
    Return the content of a file, or of a pipe that a shell makes of `<(command)`.

    Raises: OSError; EFBIG for more than `limit` bytes, TimeoutError for a pipe that stays silent,
    at once `without_waiting`.
    """
    # A pipe without a writer would not open, and /dev/zero never ends.
    flags = os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0)
    descriptor = os.open(file, flags)
    try:
        return _read(descriptor, limit)
    finally:
        os.close(descriptor)


def write_whole(file: str | os.PathLike[str], content: bytes, *, mode: int, replace: bool) -> None:
    """
    Write `content` to `file`, with `mode` from its first byte on; after an error nothing is there.

    Raises: OSError, FileExistsError if the file exists and is not to be replaced.
    """
    # Not a name that another user could have planted a link under.
    new = f'{os.fspath(file)}.{secrets.token_hex(4)}'
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(new, flags, mode), 'wb') as opened:
            opened.write(content)
            opened.flush()
            # A file system reports late that it is full; and a name must not survive its content.
            os.fsync(opened.fileno())
        if replace:
            os.replace(new, file)
        else:
            _rename_to_free(new, file)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(new)


class Followed(Generic[T]):
    """
    The value that `load` makes of `files`, made again when one of them has changed.

    If that fails, the file is named in the log, what was loaded before stays, and it is read again
    after `READ_AGAIN`. A pipe is waited for only the first time. Without files it is loaded once.

    Raises: what `load` raises the first time.
    """

    def __init__(self, load: Callable[[], T], *files: str) -> None:
        self._load = load
        self._files = files
        self._seen = self._state()
        self._read_again_at = math.inf
        self._value = load()

    def current(self) -> T:
        """Return what the files make now."""
        state = self._state()
        if state != self._seen or time.monotonic() >= self._read_again_at:
            self._read_again(state)
        return self._value

    def _read_again(self, state: list[tuple[int, ...]]) -> None:
        has_changed, self._seen = state != self._seen, state
        try:
            with without_waiting():
                self._value = self._load()
        except WebrtcBridgeError as error:
            self._read_again_at = time.monotonic() + READ_AGAIN
            if has_changed:
                text = 'what %s held before stays in use: %s'
                logger.warning(text, ' and '.join(self._files), error)
        else:
            self._read_again_at = math.inf
            logger.info('read again: %s', ' and '.join(self._files))

    def _state(self) -> list[tuple[int, ...]]:
        """Return what changes with the files; it costs 2 µs for each."""
        return [_state_of(file) for file in self._files]


def _state_of(file: str) -> tuple[int, ...]:
    try:
        found = os.stat(file)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev


def _read(descriptor: int, limit: int) -> bytes:
    content = b''
    deadline = time.monotonic() + (PATIENCE if _waits.get() else 0.0)
    while len(content) <= limit:
        try:
            part = os.read(descriptor, limit + 1 - len(content))
        except BlockingIOError:
            wait = max(0.0, deadline - time.monotonic())
            if not select.select([descriptor], [], [], wait)[0]:
                raise TimeoutError from None
            continue
        if not part:
            return content
        content += part
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def _rename_to_free(new: str, file: str | os.PathLike[str]) -> None:
    try:
        os.link(new, file)  # unlike a rename it replaces nothing
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links, such as FAT.
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.rename(new, file)
