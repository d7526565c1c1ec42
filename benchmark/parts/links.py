"""Measure emulated links, next to libwebrtc's sender in Chromium."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from support.browser.chromium import PROGRAM, running_chromium

from benchmark.links.cases import CASES, Case
from benchmark.links.clip import write_clip
from benchmark.links.ends import COLUMNS, LIBWEBRTC, OURS, Ends, chromium_flags
from benchmark.links.figures import Figure
from benchmark.links.session import measured
from benchmark.part import Part
from benchmark.reporting.table import Row, Table, Value, cell
from benchmark.run import Record, Run


async def measure_all(run: Run) -> list[Record]:
    """Measure all links of the plan, one after the other, the columns in turns."""
    if PROGRAM is None:
        return [{'pipeline': 'links', 'missing': 'chromium not found'}]
    records = []
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder))
        with running_chromium(Path(folder), *chromium_flags(clip)) as devtools:
            for case, ends in pairs(run):
                label = f'links-{case.name}-{ends.name}'
                work = partial(measured, run, devtools=devtools, clip=clip, case=case, ends=ends)
                record = await run.measured(label, work)
                record |= {'case': case.name, 'ends': ends.name}
                run.log(f'  {case.title}, {ends.title}: {record.get("error") or short(record)}')
                records.append(record)
    return records


def pairs(run: Run) -> list[tuple[Case, Ends]]:
    """Return the cases of the plan with their columns."""
    return [
        (case, ends)
        for case in CASES
        if case.name in (run.plan.links or [case.name])
        for ends in COLUMNS
        if ends.name in (run.plan.link_ends or [ends.name])
        and (ends.everywhere or case.all_columns)
    ]


def short(record: Record) -> str:
    """Return a summary of one record."""
    figures = record['figures'].items()
    return ', '.join(f'{title} {shown(value, 1)}' for title, value in figures)


def shown(value: float | None, digits: int) -> str:
    """Return the text of a figure."""
    return 'never' if value is None else cell(value, digits)


def tables(records: Sequence[Record]) -> list[Table]:
    """Return one table."""
    measured_ends = {record['ends'] for record in records}
    columns = [ends for ends in COLUMNS if ends.name in measured_ends]
    rows = [
        Row(
            f'{case.title}: {figure.title}', [goal(figure), *cells(records, case, figure, columns)]
        )
        for case in CASES
        for figure in case.figures
        if any(record['case'] == case.name for record in records)
    ]
    titles = ['goal', *(ends.title for ends in columns)]
    return [Table('1280x720 at 30 fps, one viewer', titles, rows)]


def goal(figure: Figure) -> str:
    """Return the text of a goal."""
    return f'{"≥" if figure.at_least else "≤"} {figure.goal:g}'


def cells(
    records: Sequence[Record], case: Case, figure: Figure, columns: Sequence[Ends]
) -> list[Value]:
    """Return the values of a row."""
    by_ends = {record['ends']: record for record in records if record['case'] == case.name}
    return [
        shown(by_ends[ends.name]['figures'][figure.title], figure.digits)
        if ends.name in by_ends
        else None
        for ends in columns
    ]


def missed(records: Sequence[Record]) -> int | None:
    """Return the number of figures of our sender and the page that miss their goal."""
    judged = [
        figure.as_good(value, figure.goal) for figure, value in figures_of(records, OURS).values()
    ]
    return judged.count(False) if judged else None


def worse(records: Sequence[Record]) -> int | None:
    """Return the number of those that are worse than libwebrtc's."""
    others = figures_of(records, LIBWEBRTC)
    judged = [
        figure.as_good(value, others[key][1])
        for key, (figure, value) in figures_of(records, OURS).items()
        if key in others
    ]
    return judged.count(False) if judged else None


def figures_of(
    records: Sequence[Record], ends: Ends
) -> dict[tuple[str, str], tuple[Figure, float | None]]:
    """Return all figures of one column, by the case and the title."""
    return {
        (case.name, figure.title): (figure, record['figures'][figure.title])
        for case in CASES
        for record in records
        if (record['case'], record['ends']) == (case.name, ends.name)
        for figure in case.figures
    }


LINKS = Part(
    'links',
    "Links: what a viewer gets, compared with libwebrtc's sender",
    measure_all,
    tables,
    timeout=1800.0,
)
