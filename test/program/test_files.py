import errno
import os
import threading
from pathlib import Path

import pytest
from support.full_disk import full_disk

from webrtc_bridge.errors import OptionError
from webrtc_bridge.program import files
from webrtc_bridge.program.files import Followed, read_bounded, write_whole


@pytest.mark.parametrize('room', [0, 1, 4])
@pytest.mark.parametrize('replace', [True, False])
def test_a_full_disk_leaves_nothing_new_and_keeps_the_old(
    tmp_path: Path, room: int, replace: bool
) -> None:
    file = tmp_path / 'secret'
    if replace:
        file.write_bytes(b'old')
    with full_disk(room), pytest.raises(OSError, match='File too large') as caught:
        write_whole(file, b'x' * 5, mode=0o600, replace=replace)
    assert caught.value.errno == errno.EFBIG
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([b'old'] if replace else [])
    write_whole(file, b'x' * 5, mode=0o600, replace=replace)
    assert file.read_bytes() == b'x' * 5
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('has_links', [True, False])
def test_what_exists_is_not_replaced_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EPERM, 'no links on this file system')

        monkeypatch.setattr(files.os, 'link', refuse)
    file = tmp_path / 'key'
    write_whole(file, b'first', mode=0o600, replace=False)
    with pytest.raises(FileExistsError):
        write_whole(file, b'second', mode=0o600, replace=False)
    assert file.read_bytes() == b'first'
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / 'file'
    file.write_bytes(b'12345')
    assert read_bounded(file, 5) == b'12345'
    for endless in (file, Path('/dev/zero')):
        with pytest.raises(OSError, match='File too large') as caught:
            read_bounded(endless, 4)
        assert caught.value.errno == errno.EFBIG
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, 5)


def test_a_pipe_of_a_shell_is_read_and_a_silent_one_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(theirs, b'12'), os.close(theirs)))
    with os.fdopen(ours):
        writer.start()
        assert read_bounded(f'/dev/fd/{ours}', 5) == b'12'
        writer.join()
    monkeypatch.setattr(files, 'PATIENCE', 0.05)
    ours, theirs = os.pipe()
    with os.fdopen(ours), os.fdopen(theirs, 'wb'), pytest.raises(TimeoutError):
        read_bounded(f'/dev/fd/{ours}', 5)


def test_a_named_pipe_without_a_writer_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    assert read_bounded(tmp_path / 'pipe', 5) == b''


def test_a_file_that_could_not_be_opened_for_a_while_is_read_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / 'secret'
    file.write_text('old')
    may_open = True

    def load() -> str:
        if not may_open:
            raise OptionError('secret_file', str(file), 'a readable file (too many open files)')
        return file.read_text()

    followed = Followed(load, str(file))
    write_whole(file, b'new', mode=0o600, replace=True)
    may_open = False
    monkeypatch.setattr(files, 'READ_AGAIN', 0.0)
    assert [followed.current() for _ in range(3)] == ['old'] * 3
    assert len([r for r in caplog.records if r.levelname == 'WARNING']) == 1
    may_open = True
    assert followed.current() == 'new'


def test_a_changed_file_is_read_again_and_a_bad_one_leaves_the_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / 'file'
    reads = []

    def load() -> str:
        reads.append(file.read_text() if file.exists() else '')
        if not reads[-1].startswith('good'):
            raise OptionError('key', str(file), 'a good one')
        return reads[-1]

    with pytest.raises(OptionError):
        Followed(load, str(file))
    file.write_text('good 1')
    followed = Followed(load, str(file))
    assert [followed.current() for _ in range(3)] == ['good 1'] * 3
    assert reads == ['', 'good 1']
    for bad in ('bad', None):
        if bad:
            write_whole(file, bad.encode(), mode=0o600, replace=True)
        else:
            file.unlink()
        assert [followed.current() for _ in range(3)] == ['good 1'] * 3
    warnings = [r.getMessage() for r in caplog.records if r.levelname == 'WARNING']
    assert len(warnings) == 2
    assert all(str(file) in text for text in warnings)
    file.write_text('good 2')
    assert followed.current() == 'good 2'
