"""
docs/performance.md, whose text stays and whose tables and pictures are those of a run.

    python -m benchmark.performance_page [FOLDER]

writes them anew from the results in FOLDER, by default the newest of build/benchmark/.
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
'Where something of a run stands, and what.'


def write(results: Results, folder: Path) -> None:
    """Write the page anew with what `results`, in `folder`, have; what they lack stays."""
    PICTURES.mkdir(exist_ok=True)
    for picture in save_plots(results, folder) or ():
        shutil.copy(picture, PICTURES / picture.name)
    text = PAGE.read_text(encoding='utf-8')
    PAGE.write_text(with_results(text, results), encoding='utf-8')


def with_results(text: str, results: Results) -> str:
    """Return `text` with its blocks written anew."""

    def anew(found: re.Match[str]) -> str:
        written = block(found[2], results)
        return f'{found[1]}{written}\n{found[3]}' if written else found[0]

    return BLOCK.sub(anew, text)


def block(name: str, results: Results) -> str:
    """Return what stands in the block `name`; nothing where it was not measured."""
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
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else newest()
    write(load(given), given)
