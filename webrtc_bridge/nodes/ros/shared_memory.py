"""What Fast DDS's shared-memory segments take, and what killed processes left of them."""

import contextlib
import fcntl
import os
import shutil
import time
from pathlib import Path

SEGMENT_SIZES = (64, 32, 16)
'In MB. 16 still carry 1920x1080 at 30 Hz; less loses images.'

FOLDER = Path('/dev/shm')

SETTLED = 10.0
'Seconds after which a segment that nobody has locked is not just being made.'


def fitting_size() -> int:
    """Return the largest segment in MB that takes at most half of what is free, 0 for none."""
    try:
        free = shutil.disk_usage(FOLDER).free
    except OSError:
        # No such folder, so no Linux: shared memory is no file system there.
        return SEGMENT_SIZES[0]
    # A segment that does not fit makes Fast DDS do without shared memory altogether; and in a
    # Docker container there are 64 MB for all.
    return next((size for size in SEGMENT_SIZES if 2 * size << 20 <= free), 0)


def remove_stale_segments() -> int:
    """
    Remove the large segments of processes that were killed; return how many.

    Nobody else does, and each is memory that is lost until the next boot: a node that is killed
    and started again and again would use up the machine's. `fastdds shm clean` tells by the same
    locks which are stale.
    """
    removed = 0
    for lock in FOLDER.glob('fast*_el'):
        with contextlib.suppress(OSError):
            removed += _remove_if_stale(lock.with_name(lock.name.removesuffix('_el')), lock)
    return removed


def _remove_if_stale(segment: Path, lock: Path) -> bool:
    status = segment.stat()
    if status.st_size < SEGMENT_SIZES[-1] << 20 or time.time() - status.st_mtime < SETTLED:
        return False
    with lock.open() as file:
        # The process that made the segment holds this lock as long as it lives.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(segment)
        os.unlink(lock)
    return True
