"""ROS domains that no other test process of this machine uses."""

import contextlib
import itertools
import random
import socket
from collections.abc import Iterator

MOST = 101
'The highest id; those above it reach into the ports that Linux hands out to others.'

_ids = itertools.cycle(random.sample(range(1, MOST + 1), MOST))


@contextlib.contextmanager
def claimed_domain() -> Iterator[int]:
    """Yield the id of a free domain; all others are tried before it is used again."""
    for domain in itertools.islice(_ids, MOST):
        with socket.socket(socket.AF_UNIX) as claim:
            try:
                claim.bind(f'\0webrtc_bridge_test_domain_{domain}')
            except OSError:
                continue
            yield domain
            return
    raise RuntimeError('all ROS domains are taken')
