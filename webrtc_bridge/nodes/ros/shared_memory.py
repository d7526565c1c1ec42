"""Sizes of the shared-memory segments of Fast DDS, and those left behind by killed processes."""

import contextlib
import fcntl
import os
import shutil
import stat
import time
from pathlib import Path
from typing import BinaryIO

SEGMENT_SIZES = (64, 32, 16)
'In MB. 16 still carries 1920x1080 at 30 Hz; less loses images.'

FOLDER = Path('/dev/shm')

SETTLED = 10.0
'Seconds after which an unlocked segment is stale, and not still being created.'


def fitting_size() -> int:
    """Return the largest size in MB that takes at most half of the free memory; 0 for none."""
    try:
        free = shutil.disk_usage(FOLDER).free
    except OSError:
        # No such folder, so not Linux: shared memory is not a file system there.
        return SEGMENT_SIZES[0]
    # With a segment that does not fit, Fast DDS does without shared memory altogether; and a
    # Docker container has 64 MB in all.
    return next((size for size in SEGMENT_SIZES if 2 * size << 20 <= free), 0)


def remove_stale_segments() -> int:
    """
    Remove the large segments of processes that were killed; return how many.

    Nothing else does, and each is memory lost until the next boot: a node that is killed and
    restarted over and over would use up all of it. `fastdds shm clean` recognises stale segments
    by the same locks.
    """
    removed = 0
    for lock in FOLDER.glob('fast*_el'):
        with contextlib.suppress(OSError):
            removed += _remove_if_stale(lock.with_name(lock.name.removesuffix('_el')), lock)
    return removed


def is_reached(port: int) -> bool:
    """
    Return whether the participant with `port` in shared memory gets what this process sends.

    It does not from another container, which has another /dev/shm, nor as another user, who may
    not write to what is ours.
    """
    for lock in FOLDER.glob(f'fast*_port{port}_el'):
        with contextlib.suppress(OSError):
            status = lock.stat()
            may_be_used = status.st_uid == os.geteuid() or status.st_mode & stat.S_IWOTH
            return bool(may_be_used) and _is_locked(lock)
    return False


def _is_locked(lock: Path) -> bool:
    """Return whether the process that listens is alive: it holds the lock."""
    with _opened(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _opened(lock: Path) -> BinaryIO:
    # Every user may put a file there, a pipe without a writer too.
    return os.fdopen(os.open(lock, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), 'rb')


def _remove_if_stale(segment: Path, lock: Path) -> bool:
    status = segment.stat()
    if status.st_size < SEGMENT_SIZES[-1] << 20 or time.time() - status.st_mtime < SETTLED:
        return False
    with _opened(lock) as file:
        # The process that created the segment holds this lock as long as it lives.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(segment)
        os.unlink(lock)
    return True
