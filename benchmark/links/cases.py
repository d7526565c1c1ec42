"""The links of the benchmark, what happens on them, and the goals."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.links.figures import (
    Figure,
    below_half,
    fps,
    full_size,
    longest_gap,
    regained,
    share,
    waited,
)

Fields = Mapping[str, float]

QUEUE = 0.3
'Seconds that the queue of a narrow link holds.'

DEEP_QUEUE = 0.5
'The same where the rate changes. A queue of bytes, and so of seconds later, takes those to drain.'

UNLIMITED = 8000
'kbit/s that senders may send where the link is to be the limit.'

SETTLED, END = 10.0, 14.0
'Seconds since the first picture: in between, the share of a link is measured.'


@dataclass(frozen=True)
class Step:
    """A command of the emulator, `at` so many seconds after the first picture."""

    at: float
    command: str


@dataclass(frozen=True)
class Case:
    """One path, and what is measured on it."""

    name: str
    title: str
    fields: Fields
    figures: tuple[Figure, ...]
    seconds: float = END
    steps: tuple[Step, ...] = ()
    bitrate: int = 0
    'Highest bit rate of senders in kbit/s; 0 is their own choice.'

    all_columns: bool = False
    'Whether all pairs of ends are measured, not only those that are everywhere.'


def narrow(mbit: int, round_trip: int, percent: int, *, all_columns: bool = False) -> Case:
    """Return a link of `mbit` Mbit/s, `round_trip` ms and `percent` of random loss."""
    goal = {0: 80, 1: 75, 5: 70, 10: 60}[percent]
    figures = [Figure('used [%]', share(1e6 * mbit, SETTLED, END), goal, at_least=True)]
    if not percent:
        figures.append(Figure('queueing delay p95 [ms]', waited(SETTLED / 2, END), 100))
    return Case(
        f'{mbit}m-{round_trip}ms-{percent}',
        f'{mbit} Mbit/s, {round_trip} ms' + f', {percent} % lost' * bool(percent),
        {
            'video.rate': 1e6 * mbit,
            'queue': QUEUE,
            'delay': round_trip / 2000,
            'loss': percent / 100,
        },
        tuple(figures),
        bitrate=UNLIMITED,
        all_columns=all_columns,
    )


FREE = Case(
    'free',
    'free link',
    {},
    (Figure('full size after [s]', full_size, 2, digits=1),),
    seconds=6.0,
    all_columns=True,
)
STEP = Case(
    'step',
    '5 Mbit/s, 500 kbit/s for 10 s, 5 Mbit/s',
    {'video.rate': 5e6, 'queue': DEEP_QUEUE, 'delay': 0.02},
    (
        Figure('queueing delay p95 in it [ms]', waited(10.0, 20.0), 300),
        Figure(
            'of the rate before, 10 s after it [%]',
            regained((7.0, 10.0), (29.0, 32.0)),
            90,
            at_least=True,
        ),
    ),
    seconds=32.0,
    steps=(Step(10.0, 'set video.rate=5e5'), Step(20.0, 'set video.rate=5e6')),
    bitrate=UNLIMITED,
    all_columns=True,
)
LONGER = Case(
    'longer',
    'delay of 5 ms, then 150 ms, without a queue',
    {'delay': 0.005},
    (Figure('longest time below half of the rate [s]', below_half((5.0, 10.0), 10.0, 30.0), 10),),
    seconds=30.0,
    steps=(Step(10.0, 'set delay=0.15'),),
    all_columns=True,
)
GEO = Case(
    'geo',
    '300 ms one way, 2 % lost',
    {'delay': 0.3, 'loss': 0.02},
    (Figure('pictures a second', fps(5.0, END), 24, at_least=True, digits=1),),
    all_columns=True,
)
NAT = Case(
    'nat',
    'a NAT rebinds',
    {'delay': 0.02},
    (
        Figure("the sender's: seconds without a picture", longest_gap(5, 12), 3, digits=1),
        Figure("the viewer's: seconds without a picture", longest_gap(12, 19), 3, digits=1),
    ),
    seconds=19.0,
    steps=(Step(5.0, 'rebind sender'), Step(12.0, 'rebind receiver')),
    all_columns=True,
)

CASES = (
    FREE,
    *(
        narrow(m, trip, 0, all_columns=(m, trip) == (2, 80))
        for m in (1, 2, 5)
        for trip in (20, 80, 200)
    ),
    *(narrow(2, 80, percent, all_columns=percent == 5) for percent in (1, 5, 10)),
    *(narrow(1, 20, 5), narrow(5, 200, 5)),
    *(STEP, LONGER, GEO, NAT),
)
