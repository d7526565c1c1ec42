import os
import resource

import pytest

from webrtc_bridge.program.fd_limit import files_left


@pytest.fixture
def limit():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda files: resource.setrlimit(resource.RLIMIT_NOFILE, (files, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_each_file_that_is_opened_is_one_less(limit):
    limit(500)
    left = files_left()
    assert 0 < left < 500
    with open(os.devnull) as _:
        assert files_left() == left - 1
    assert files_left() == left


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
        assert files_left() == 0
    finally:
        for file in opened:
            os.close(file)
