"""The memory, files and threads of a process, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Resources:
    """Resident memory in MiB, open files and threads of a process at one moment."""

    memory: float
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int | str = 'self') -> 'Resources':
        """Read them; of this process, if no other is named."""
        process = Path('/proc', str(pid))
        pages = int((process / 'statm').read_text().split()[1])
        return cls(
            pages * os.sysconf('SC_PAGE_SIZE') / MIB,
            len(os.listdir(process / 'fd')),
            len(os.listdir(process / 'task')),
        )
