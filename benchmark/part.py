"""A part of the benchmark."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmark.reporting.table import Table
from benchmark.run import Record, Run


@dataclass(frozen=True)
class Part:
    """A measurement that can be run by itself."""

    name: str
    'Its name on the command line and in JSON.'

    title: str

    measure: Callable[[Run], Awaitable[list[Record]]]

    tables: Callable[[Sequence[Record]], list[Table]]
    'Makes tables of the records that `measure` returned, without those that have an `error`.'

    timeout: float = 600.0
    'Seconds after which a part that hangs is abandoned; each wait in it has a shorter deadline.'
