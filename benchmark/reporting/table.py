"""Tables of figures in Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Value = float | str | None


@dataclass(frozen=True)
class Row:
    """A row of a table; its numbers have `digits` decimals."""

    title: str
    values: Sequence[Value]
    digits: int = 1


@dataclass(frozen=True)
class Table:
    """A table with named columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Return the table in Markdown, without rows that have no value."""
        lines = [line(['', *self.columns]), line(['---', *('--:' for _ in self.columns)])]
        for row in self.rows:
            if any(value is not None for value in row.values):
                lines.append(line([row.title, *(cell(v, row.digits) for v in row.values)]))
        return '\n'.join(lines)


def line(cells: Iterable[str]) -> str:
    """Return one line of a Markdown table."""
    return f'| {" | ".join(cells)} |'


def cell(value: Value, digits: int) -> str:
    """Return the text of a cell."""
    if value is None:
        return '–'
    return value if isinstance(value, str) else f'{value:,.{digits}f}'
