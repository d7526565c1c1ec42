"""What a process has used of the CPU."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid: int) -> float:
    """
    Return the CPU time of process `pid` and all its threads, in user and kernel mode.

    Raises: OSError when there is no such process.
    """
    stat = Path(f'/proc/{pid}/stat').read_text()
    # proc(5): the second field is the name, in parentheses, and may hold anything; utime and stime
    # are the 14th and 15th.
    fields = stat.rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
