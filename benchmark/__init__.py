"""
Measures this package against what else there is, on this machine, in one run.

    __main__.py          the command: `python -m benchmark [--quick]`, from the repository's root
    plan.py              what is run: pictures, rounds, seconds
    pipelines.py         the columns of the table; each is a set of processes, and how it starts
    stock_sender.py stock_receiver.py   the programs of stock aiortc
    image_subscriber.py  the program that takes the time, the same one for every pipeline
    processes.py         starts programs, and ends them whatever happens
    cpu_time.py          what a process has used
    measured_round.py    one pipeline, once
    figures.py           from rounds to figures
    table.py             from figures to Markdown
    results.py           the files of a run, in build/bench/
    machine.py           what it ran on

The latency is that from capture to a subscriber's callback: the picture carries the time of its
capture (`webrtc_bridge.media.pattern`), and the subscriber reads it there. Both ends are processes
of one machine, with one clock.
"""
