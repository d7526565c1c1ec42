"""The CPU time and memory of processes."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf('SC_CLK_TCK')


def cpu_seconds(group: int) -> float:
    """Return the CPU time of all processes of process group `group`, in user and kernel mode."""
    return sum(used for _, used in members(group))


def members(group: int) -> list[tuple[int, float]]:
    """Return the id and CPU time in seconds of each process of process group `group`."""
    processes = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            stat = (folder / 'stat').read_text()
        except OSError:
            continue  # it has ended
        # proc(5): the second field is the name, in parentheses, which may contain anything; pgrp,
        # utime and stime are the 5th, 14th and 15th.
        fields = stat.rpartition(')')[2].split()
        if int(fields[2]) == group:
            used = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
            processes.append((int(folder.name), used))
    return processes


def memory(pid: int) -> int:
    """
    Return the private memory of process `pid` in bytes.

    Raises: OSError, if there is no such process.
    """
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        if line.startswith('Private_Dirty:'):
            return int(line.split()[1]) * 1024
    return 0
