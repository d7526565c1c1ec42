"""What a part of the benchmark is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmark.reporting.table import Table
from benchmark.run import Record, Run


@dataclass(frozen=True)
class Part:
    """Something that can be measured by itself."""

    name: str
    'On the command line and in JSON.'

    title: str

    measure: Callable[[Run], Awaitable[list[Record]]]

    tables: Callable[[Sequence[Record]], list[Table]]
    'What `measure` brought, to be read by people; records with an `error` are left out before.'
