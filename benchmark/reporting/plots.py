"""Plots of a run, if matplotlib is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.parts.latency import LATENCY
from benchmark.parts.stages import STAGES
from benchmark.parts.viewers import VIEWERS, WAYS
from benchmark.pipelines import TITLES
from benchmark.reporting.figures import together
from benchmark.reporting.results import Results

SETTINGS: Any = {'svg.fonttype': 'none', 'font.size': 9, 'axes.grid': True, 'grid.alpha': 0.3}
POINTS = 200
'Points of a curve; thousands more would not be visible.'


def save_plots(results: Results, folder: Path) -> list[Path] | None:
    """Save plots as SVG in `folder`, and return the files; None if matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use('svg')
    matplotlib.rcParams.update(SETTINGS)
    saved: list[Path] = []
    for name, draw in PLOTS.items():
        if results.good(name):
            figure = draw(results)
            saved.append(folder / f'{name}.svg')
            # Without a date, the same results give the same file.
            figure.savefig(saved[-1], bbox_inches='tight', metadata={'Date': None})
    return saved


def subplots(columns: int, width: float) -> tuple[Any, Any]:
    """Return a figure and its axes, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 3.2), layout='constrained')
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def latency(results: Results) -> Any:
    """Draw the share of images that arrived within each time."""
    records = results.good(LATENCY.name)
    sizes = list(dict.fromkeys(record['size'] for record in records))
    figure, axes = subplots(len(sizes), 3.6 * len(sizes))
    for size, axis in zip(sizes, axes, strict=True):
        for name, title in TITLES.items():
            wanted = (size, name)
            rounds = [one for one in records if (one['size'], one['pipeline']) == wanted]
            if values := sorted(together(rounds, 'latencies_ms')):
                shares = [index / POINTS for index in range(POINTS + 1)]
                axis.plot(
                    [values[int(share * (len(values) - 1))] for share in shares],
                    [100 * share for share in shares],
                    label=title,
                )
        axis.set(title=size, xlabel='capture to callback [ms]', xscale='log')
        axis.set_xticks([3, 5, 10, 20, 50, 100, 200], [3, 5, 10, 20, 50, 100, 200])
    axes[0].set_ylabel('images that came within it [%]')
    lines, titles = axes[0].get_legend_handles_labels()
    figure.legend(lines, titles, loc='outside lower center', ncols=len(titles), fontsize=7)
    return figure


def viewers(results: Results) -> Any:
    """Draw the CPU of each sender against the number of its viewers."""
    figure, (axis,) = subplots(1, 5.0)
    titles = {way.name: way.title for way in WAYS}
    for record in results.good(VIEWERS.name):
        axis.plot(record['viewers'], record['cores'], marker='o', label=titles[record['way']])
    axis.set(xlabel='viewers of one 640x480 camera', ylabel='CPU of the sender [cores]', ylim=0)
    axis.legend(fontsize=7)
    return figure


def stages(results: Results) -> Any:
    """Draw the stages of a frame's way in sequence."""
    figure, (axis,) = subplots(1, 8.0)
    records = results.good(STAGES.name)
    names = list(dict.fromkeys(name for record in records for name in record['stages']))
    left = [0.0] * len(records)
    for name in names:
        widths = [record['stages'].get(name, 0.0) for record in records]
        sizes = [record['size'] for record in records]
        axis.barh(sizes, widths, left=left, label=name, height=0.5)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.set(xlabel='median [ms]')
    axis.legend(fontsize=7, ncols=len(names), loc='upper center', bbox_to_anchor=(0.5, 1.2))
    return figure


PLOTS: dict[str, Callable[[Results], Any]] = {
    LATENCY.name: latency,
    VIEWERS.name: viewers,
    STAGES.name: stages,
}
