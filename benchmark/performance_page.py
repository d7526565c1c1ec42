"""
Update the tables and pictures of docs/performance.md; its text stays.

    python -m benchmark.performance_page [FOLDER]

The results are taken from FOLDER, by default the newest of build/benchmark/.
"""

import re
import shutil
import sys
from pathlib import Path

from benchmark.processes import ROOT
from benchmark.reporting.goals import goals_table
from benchmark.reporting.plots import PLOTS, save_plots
from benchmark.reporting.results import FILE, Results, load

PAGE = ROOT / 'docs' / 'performance.md'
PICTURES = ROOT / 'docs' / 'performance'
RUNS = ROOT / 'build' / 'benchmark'

BLOCK = re.compile(r'(<!-- benchmark: (\w+) -->\n).*?(<!-- end -->)', re.DOTALL)
'A part of the page that comes from a run, with the name of the part.'


def write(results: Results, folder: Path) -> None:
    """Update the page with `results`, which are in `folder`; parts that they lack stay."""
    PICTURES.mkdir(exist_ok=True)
    for picture in save_plots(results, folder) or ():
        shutil.copy(picture, PICTURES / picture.name)
    text = PAGE.read_text(encoding='utf-8')
    PAGE.write_text(with_results(text, results), encoding='utf-8')


def with_results(text: str, results: Results) -> str:
    """Return `text` with updated blocks."""

    def updated(match: re.Match[str]) -> str:
        content = block(match[2], results)
        return f'{match[1]}{content}\n{match[3]}' if content else match[0]

    return BLOCK.sub(updated, text)


def block(name: str, results: Results) -> str:
    """Return the content of the block `name`; empty if it was not measured."""
    if name == 'goals':
        table = goals_table(results)
        return table.markdown() if table.rows else ''
    if name == 'machine':
        return '\n'.join(f'* {note}' for note in results.notes())
    parts = [f'{table.title}:\n\n{table.markdown()}' for table in results.tables(name)]
    if parts and name in PLOTS and (PICTURES / f'{name}.svg').exists():
        parts.append(f'![{name}](performance/{name}.svg)')
    return '\n\n'.join(parts)


def newest() -> Path:
    """Return the folder of the newest run."""
    return max(RUNS.glob(f'*/{FILE}')).parent


if __name__ == '__main__':
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else newest()
    write(load(chosen), chosen)
