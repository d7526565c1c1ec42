import os
import resource

import pytest

from webrtc_bridge.program.fd_limit import free_descriptors


@pytest.fixture
def limit():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda files: resource.setrlimit(resource.RLIMIT_NOFILE, (files, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_each_file_that_is_opened_is_one_less(limit):
    limit(500)
    left = free_descriptors()
    assert 0 < left < 500
    with open(os.devnull) as _:
        assert free_descriptors() == left - 1
    assert free_descriptors() == left


def test_where_there_are_none_none_are_left(limit):
    highest = max(int(name) for name in os.listdir('/dev/fd'))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(highest)]
    limit(max(opened) + 1)
    while True:
        try:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
    try:
        assert free_descriptors() == 0
    finally:
        for file in opened:
            os.close(file)
