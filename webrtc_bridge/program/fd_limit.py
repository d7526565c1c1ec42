"""The number of files and sockets that this process may still open."""

import errno
import os

try:
    import resource
except ImportError:  # Windows has no such limit.
    resource = None  # type: ignore[assignment]


def free_descriptors() -> float:
    """Return how many descriptors are free; infinity where the system does not say."""
    if resource is None:
        return float('inf')
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return float('inf')
    try:
        # One of those listed belongs to the listing itself.
        return limit - len(os.listdir('/dev/fd')) + 1
    except OSError as error:
        return 0 if error.errno == errno.EMFILE else float('inf')
