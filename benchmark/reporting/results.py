"""The results of a run, and their files: Markdown and JSON."""

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.parts import PARTS
from benchmark.reporting.goals import goals_table
from benchmark.reporting.table import Table
from benchmark.run import Record

FILE = 'results.json'


@dataclasses.dataclass
class Results:
    """The records of a run on `machine`, by the name of the part."""

    plan: Mapping[str, Any]
    machine: Mapping[str, Any]
    parts: dict[str, list[Record]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    @property
    def errors(self) -> list[str]:
        """The errors of the measurements that failed."""
        records = self._all()
        return [f'{name}: {record["error"]}' for name, record in records if 'error' in record]

    @property
    def missing(self) -> list[str]:
        """The columns that could not be measured because this machine lacks something."""
        reasons = (
            f'{record["pipeline"]}: {record["missing"]}'
            for _, record in self._all()
            if 'missing' in record
        )
        return list(dict.fromkeys(reasons))

    def good(self, part: str) -> list[Record]:
        """Return the records of `part` that were measured."""
        records = self.parts.get(part, [])
        return [record for record in records if not {'error', 'missing'} & set(record)]

    def tables(self, part: str) -> list[Table]:
        """Return the tables of `part`; none if nothing was measured."""
        good = self.good(part)
        (wanted,) = (known for known in PARTS if known.name == part)
        return wanted.tables(good) if good else []

    def markdown(self) -> str:
        """Return all tables and notes."""
        sections = []
        for part in PARTS:
            if tables := self.tables(part.name):
                text = '\n\n'.join(f'{table.title}\n\n{table.markdown()}' for table in tables)
                sections.append(f'## {part.title}\n\n{text}')
        goals = goals_table(self)
        if goals.rows:
            sections.append(f'## {goals.title}\n\n{goals.markdown()}')
        return '\n\n'.join([*sections, '\n'.join(f'* {note}' for note in self.notes())])

    def notes(self) -> Sequence[str]:
        """Return notes on the machine, the versions, the rounds, and what failed."""
        plan, machine = self.plan, self.machine
        return [
            f'Machine: {machine["cores"]} × {machine["cpu"]}, {machine["system"]}, load '
            f'{machine["load"]:.2f} before the start.',
            'Versions: ' + ', '.join(f'{k} {v}' for k, v in machine['versions'].items()) + '.',
            f'{plan["rounds"]} rounds of {plan["seconds"]:g} s for each pipeline and size, in '
            'turns, every one with new processes; percentiles are of all rounds together, the '
            f'rest are medians. It took {self.seconds / 60:.1f} minutes.',
            *(f'Not built: {reason}' for reason in self.missing),
            *(f'Failed: {error}' for error in self.errors),
        ]

    def save(self, folder: Path) -> None:
        """Write `results.md` and `results.json`."""
        (folder / 'results.md').write_text(self.markdown() + '\n', encoding='utf-8')
        text = json.dumps(dataclasses.asdict(self), indent=1)
        (folder / FILE).write_text(text + '\n', encoding='utf-8')

    def _all(self) -> list[tuple[str, Record]]:
        return [(name, record) for name, records in self.parts.items() for record in records]


def load(folder: Path) -> Results:
    """Return the results that `Results.save` wrote into `folder`."""
    return Results(**json.loads((folder / FILE).read_text(encoding='utf-8')))


def new_folder(parent: Path) -> Path:
    """Make and return a folder in `parent` that is named after the current time."""
    folder = parent / time.strftime('%Y-%m-%d_%H-%M-%S')
    folder.mkdir(parents=True, exist_ok=True)
    return folder
