import fcntl
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from webrtc_bridge.nodes.ros import shared_memory
from webrtc_bridge.nodes.ros.shared_memory import fitting_size, is_reached, remove_stale_segments

LARGE = 64 << 20
SMALL = 512 << 10


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(shared_memory, 'FOLDER', tmp_path)
    return tmp_path


def segment(folder: Path, name: str, size: int = LARGE, age: float = 3600.0) -> Path:
    """Make files like Fast DDS's; the large one has holes and takes no space."""
    made = folder / name
    with made.open('wb') as file:
        file.truncate(size)
    time = made.stat().st_mtime - age
    os.utime(made, (time, time))
    (folder / f'{name}_el').touch()
    return made


@pytest.mark.parametrize(
    ('free', 'size'), [(24000, 64), (128, 64), (127, 32), (64, 32), (32, 16), (31, 0)]
)
def test_a_segment_takes_at_most_half_of_the_free_memory(monkeypatch, free, size):
    usage = namedtuple('usage', 'total used free')(0, 0, free << 20)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    assert fitting_size() == size


def test_without_a_file_system_for_shared_memory_the_segment_is_of_full_size(monkeypatch, folder):
    monkeypatch.setattr(shared_memory, 'FOLDER', folder / 'none')
    assert fitting_size() == 64
    assert remove_stale_segments() == 0


@pytest.mark.parametrize('name', ['fastdds_0cf3a8cca3c947f6', 'fastrtps_6f7a95b3010009c1'])
def test_the_segment_of_a_killed_process_is_removed(folder, name):
    segment(folder, name)
    assert remove_stale_segments() == 1
    assert list(folder.iterdir()) == []


def test_the_segment_of_a_living_process_stays(folder):
    made = segment(folder, 'fastdds_0cf3a8cca3c947f6')
    with open(f'{made}_el') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_stale_segments() == 0
        assert made.exists()
    assert remove_stale_segments() == 1


def test_small_new_and_foreign_files_stay(folder):
    segment(folder, 'fastdds_0cf3a8cca3c947f6', size=SMALL)
    segment(folder, 'fastdds_1cf3a8cca3c947f6', age=0.0)
    segment(folder, 'another_program')
    (folder / 'fastdds_port7000_el').touch()
    before = sorted(folder.iterdir())
    assert remove_stale_segments() == 0
    assert sorted(folder.iterdir()) == before


@pytest.fixture(params=['fastdds_port7413', 'fastrtps_port7413'])
def port(request: pytest.FixtureRequest, folder: Path) -> Path:
    """Return the lock of a port by which nobody listens."""
    lock = folder / f'{request.param}_el'
    lock.touch()
    return lock


def test_a_port_is_reached_where_somebody_listens(port):
    assert not is_reached(7413)  # of a killed process
    with port.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_reached(7413)
        assert not is_reached(741)
        assert not is_reached(7415)  # in another container


def test_a_port_of_another_user_is_not_unless_all_may_write(port, monkeypatch):
    user = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: user + 1)
    with port.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not is_reached(7413)
        port.chmod(0o666)
        assert is_reached(7413)


def test_a_pipe_that_another_user_put_there_is_not_waited_for(folder):
    large = segment(folder, 'fastrtps_6f7a95b3010009c1')
    lock = large.with_name(f'{large.name}_el')
    lock.unlink()
    os.mkfifo(lock)
    os.mkfifo(folder / 'fastrtps_port7411_el')
    remove_stale_segments()
    assert not is_reached(7411)
