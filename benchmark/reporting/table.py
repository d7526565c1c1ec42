"""From figures to Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Value = float | str | None


@dataclass(frozen=True)
class Row:
    """A line of a table; `digits` is how exact its numbers are."""

    title: str
    values: Sequence[Value]
    digits: int = 1


@dataclass(frozen=True)
class Table:
    """Rows below the names of columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Return it; rows without any value are left out."""
        lines = [line(['', *self.columns]), line(['---', *('--:' for _ in self.columns)])]
        for row in self.rows:
            if any(value is not None for value in row.values):
                lines.append(line([row.title, *(shown(v, row.digits) for v in row.values)]))
        return '\n'.join(lines)


def line(cells: Iterable[str]) -> str:
    """Return one line of a Markdown table."""
    return f'| {" | ".join(cells)} |'


def shown(value: Value, digits: int) -> str:
    """Return a cell's text."""
    if value is None:
        return '–'
    return value if isinstance(value, str) else f'{value:,.{digits}f}'
