"""The files of a run: Markdown and JSON, and the logs of what ran."""

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
    """What a run on `machine` brought, by the name of the part."""

    plan: Mapping[str, Any]
    machine: Mapping[str, Any]
    parts: dict[str, list[Record]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    @property
    def errors(self) -> list[str]:
        """What was wrong with the measurements that brought nothing."""
        return [f'{name}: {one["error"]}' for name, one in self._all() if 'error' in one]

    @property
    def missing(self) -> list[str]:
        """Which columns this machine has not what they are made of."""
        found = (
            f'{one["pipeline"]}: {one["missing"]}' for _, one in self._all() if 'missing' in one
        )
        return list(dict.fromkeys(found))

    def good(self, part: str) -> list[Record]:
        """Return the records of `part` that hold something."""
        records = self.parts.get(part, [])
        return [one for one in records if not {'error', 'missing'} & set(one)]

    def tables(self, part: str) -> list[Table]:
        """Return the tables of `part`, none where nothing was measured."""
        good = self.good(part)
        (found,) = (one for one in PARTS if one.name == part)
        return found.tables(good) if good else []

    def markdown(self) -> str:
        """Return everything that is to be shown."""
        sections = []
        for part in PARTS:
            if tables := self.tables(part.name):
                shown = '\n\n'.join(f'{table.title}\n\n{table.markdown()}' for table in tables)
                sections.append(f'## {part.title}\n\n{shown}')
        goals = goals_table(self)
        if goals.rows:
            sections.append(f'## {goals.title}\n\n{goals.markdown()}')
        return '\n\n'.join([*sections, '\n'.join(f'* {note}' for note in self.notes())])

    def notes(self) -> Sequence[str]:
        """Return on what, with what and how often was measured, and what failed."""
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
    """Return what `Results.save` wrote into `folder`."""
    return Results(**json.loads((folder / FILE).read_text(encoding='utf-8')))


def new_folder(parent: Path) -> Path:
    """Make and return a folder in `parent` that is named after the time."""
    folder = parent / time.strftime('%Y-%m-%d_%H-%M-%S')
    folder.mkdir(parents=True, exist_ok=True)
    return folder
