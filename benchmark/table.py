"""From figures to Markdown."""

from collections.abc import Iterable, Mapping

from benchmark.figures import FIGURES, ratios
from benchmark.pipelines import PIPELINES

Figures = Mapping[str, Mapping[str, float | None]]
'By the name of the pipeline, then by the key of the figure.'

OURS = 'ours'
TITLES = {pipeline.name: pipeline.title for pipeline in PIPELINES}


def table(figures: Figures) -> str:
    """Return a table of the pipelines at one size, with the ratio of ours to each other one."""
    others = [name for name in figures if name != OURS] if OURS in figures else []
    compared = {name: ratios(figures[OURS], figures[name]) for name in others}
    head = ['', *(TITLES[name] for name in figures)]
    head += [f'ours / {TITLES[name]}' for name in others]
    lines = [row(head), row(['---', *('--:' for _ in head[1:])])]
    for figure in FIGURES:
        cells = [shown(values[figure.key], figure.digits) for values in figures.values()]
        cells += [shown(values.get(figure.key), 2) for values in compared.values()]
        lines.append(row([f'{figure.title} [{figure.unit}]', *cells]))
    return '\n'.join(lines)


def row(cells: Iterable[str]) -> str:
    """Return one line of a Markdown table."""
    return f'| {" | ".join(cells)} |'


def shown(value: float | None, digits: int) -> str:
    """Return a cell's text."""
    return '–' if value is None else f'{value:.{digits}f}'
