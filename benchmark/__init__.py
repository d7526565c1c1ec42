"""
Compare this package with stock aiortc and GStreamer, on this machine, in one run.

    __main__.py          the command: `python -m benchmark [PART …]`, from the repository's root
    plan.py run.py       the extent of a run (sizes, rounds, seconds), and its folder
    part.py parts/       the measurements: each part returns records, and tables of them
    pipelines.py         the columns of the tables: sets of processes, and how to start them
    programs/            those processes, unless they are our own
    processes.py         starts programs, and ends them whatever happens
    cpu_time.py          the CPU time and memory of processes
    measured_round.py    one measurement of one pipeline
    links/               emulated links, and what comes over them
    frame_way.py         the instants of a frame's way, and the stages between them
    reporting/           figures, goals, tables and plots of records; the files of a run
    performance_page.py  docs/performance.md, with the results of a run
    machine.py           a description of the machine

Latency is measured from capture to a subscriber's callback: the picture carries the time of its
capture (`webrtc_bridge.media.capture.pattern`), which the subscriber reads from it. Both ends are
processes on one machine, with one clock.
"""

import contextlib
import ctypes
import sys
from pathlib import Path

# The tests' own helpers, `support`; at the end, so that nothing of them hides what is measured.
sys.path.append(str(Path(__file__).parents[1] / 'test'))

# Before PyAV and GStreamer: the latter brings libunwind along, for all libraries of this process,
# and C++ exceptions (matplotlib's) found by it, not by the compiler's own library, abort it.
with contextlib.suppress(OSError):
    ctypes.CDLL('libgcc_s.so.1', ctypes.RTLD_GLOBAL)
