"""Wall clocks that a test sets: of a program of its own, and of the test's process."""

import datetime
import struct
import subprocess
import time
from pathlib import Path

import aiortc.clock
import pytest

NANOSECONDS = 1_000_000_000

SHIFT = """
import datetime
import os
import time

unshifted = time.time_ns


def shifted():
    with open(os.environ['CLOCK_OFFSET']) as file:
        return unshifted() + int(file.read())


class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)


time.time_ns = shifted
time.time = lambda: shifted() / 1e9
datetime.datetime = Shifted
"""
'Code that Python runs first in a program whose clock is wrong.'


class ProgramClock:
    """The clock of a program, which is ahead by `ahead_ns`; pass it `environment`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._file = folder / 'offset'
        (folder / 'sitecustomize.py').write_text(SHIFT)
        self.environment = {'PYTHONPATH': str(folder), 'CLOCK_OFFSET': str(self._file)}
        self.set(0)

    def set(self, seconds: float) -> None:
        """Set the clock ahead of the true time by `seconds`."""
        self.ahead_ns = round(seconds * NANOSECONDS)
        new = self._file.with_suffix('.new')
        new.write_text(str(self.ahead_ns))
        new.replace(self._file)


class OwnClock:
    """The clock of the test's own process, in place of `time`'s and aiortc's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead_ns = 0
        unshifted = time.time_ns

        def time_ns() -> int:
            return unshifted() + self.ahead_ns

        def now() -> datetime.datetime:
            return datetime.datetime.fromtimestamp(time_ns() / NANOSECONDS, datetime.UTC)

        monkeypatch.setattr(time, 'time_ns', time_ns)
        monkeypatch.setattr(time, 'time', lambda: time_ns() / NANOSECONDS)
        monkeypatch.setattr(aiortc.clock, 'current_datetime', now)

    def set(self, seconds: float) -> None:
        """Set the clock ahead of the true time by `seconds`."""
        self.ahead_ns = round(seconds * NANOSECONDS)


class ShimmedClock:
    """
    The clock of a program as `ProgramClock` is, but for its libraries too, such as GStreamer.

    Raises: FileNotFoundError, where there is no C compiler.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._file = folder / 'offset'
        self._file.write_bytes(bytes(8))
        shim = folder / 'wall_clock_shim.so'
        source = Path(__file__).with_name('wall_clock_shim.c')
        subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-o', shim, source], check=True)
        self.environment = {'LD_PRELOAD': str(shim), 'CLOCK_OFFSET': str(self._file)}
        self.ahead_ns = 0

    def set(self, seconds: float) -> None:
        """Set the clock ahead of the true time by `seconds`."""
        self.ahead_ns = round(seconds * NANOSECONDS)
        with self._file.open('r+b') as file:  # the same file: programs have mapped it
            file.write(struct.pack('q', self.ahead_ns))
