"""
Measures this package against what else there is, on this machine, in one run.

    __main__.py          the command: `python -m benchmark [PART …]`, from the repository's root
    plan.py run.py       what is run: pictures, rounds, seconds; and where
    parts/               what is measured: each part gives records, and tables of them
    pipelines.py         the columns of the tables; each is a set of processes, and how it starts
    programs/            those processes, where they are not our own
    processes.py         starts programs, and ends them whatever happens
    cpu_time.py          what processes have used
    measured_round.py    one pipeline, once
    frame_way.py         the instants of a frame's way, and the stages between them
    figures.py goals.py  from records to figures, and what they are to be
    table.py plots.py    from figures to Markdown and pictures
    results.py           the files of a run, in build/benchmark/
    performance_page.py  docs/performance.md, with the results of a run
    machine.py           what it ran on

The latency is that from capture to a subscriber's callback: the picture carries the time of its
capture (`webrtc_bridge.media.capture.pattern`), and the subscriber reads it there. Both ends are
processes of one machine, with one clock.
"""
