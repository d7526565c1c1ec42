"""How many files, sockets among them, this process may still open."""

import errno
import os

try:
    import resource
except ImportError:  # Windows has no such limit to ask for.
    resource = None  # type: ignore[assignment]


def free_descriptors() -> float:
    """Return how many; infinity where that is not told."""
    if resource is None:
        return float('inf')
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return float('inf')
    try:
        # Of those that are listed, one is the listing's own.
        return limit - len(os.listdir('/dev/fd')) + 1
    except OSError as error:
        return 0 if error.errno == errno.EMFILE else float('inf')
