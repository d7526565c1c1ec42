"""The files of a run: Markdown and JSON, and the logs of what ran."""

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.figures import figures, ratios
from benchmark.measured_round import MeasuredRound
from benchmark.plan import FPS, Plan
from benchmark.table import OURS, Figures, table


class Results:
    """What a run on `machine` brought."""

    def __init__(self, plan: Plan, machine: Mapping[str, object]) -> None:
        self.rounds: list[MeasuredRound] = []
        self._plan = plan
        self._machine = machine

    @property
    def errors(self) -> list[str]:
        """What was wrong with the rounds that brought nothing."""
        return [f'{one.size} {one.pipeline}: {one.error}' for one in self.rounds if one.error]

    def by_size(self) -> dict[str, Figures]:
        """Return the figures of each pipeline, by size."""
        sizes = dict.fromkeys(one.size for one in self.rounds)
        return {size: self._of_size(size) for size in sizes}

    def markdown(self) -> str:
        """Return everything that is to be shown."""
        parts = [
            f'## {size} at {FPS} fps\n\n{table(figures)}'
            for size, figures in self.by_size().items()
        ]
        return '\n\n'.join([*parts, '\n'.join(f'* {note}' for note in self._notes())])

    def json(self) -> str:
        """Return everything, down to the single latencies."""
        sizes = self.by_size()
        content = {
            'machine': self._machine,
            'plan': dataclasses.asdict(self._plan),
            'figures': sizes,
            'ratios': {size: compared(figures) for size, figures in sizes.items()},
            'rounds': [dataclasses.asdict(one) for one in self.rounds],
        }
        return json.dumps(content, indent=1)

    def save(self, folder: Path) -> None:
        """Write `results.md` and `results.json`."""
        (folder / 'results.md').write_text(self.markdown() + '\n', encoding='utf-8')
        (folder / 'results.json').write_text(self.json() + '\n', encoding='utf-8')

    def _of_size(self, size: str) -> Figures:
        rounds = [one for one in self.rounds if one.size == size]
        names = dict.fromkeys(one.pipeline for one in rounds)
        return {name: figures([one for one in rounds if one.pipeline == name]) for name in names}

    def _notes(self) -> Sequence[str]:
        plan, machine = self._plan, self._machine
        reliability = 'best effort' if plan.best_effort else 'reliable'
        segment = 'the same (--fair-dds)' if plan.fair_dds else 'its default of 512 KB'
        return [
            f'Rounds: {plan.rounds} of {plan.seconds:g} s each, in turns, every one with new '
            'processes; percentiles are of all rounds together, the rest are their medians.',
            f'Subscriber: {reliability}, depth 10, a process of its own, the same program for '
            'all; its callback takes the time.',
            'Fast DDS: ours gives itself up to 64 MB of shared memory for images, stock aiortc '
            f'has {segment}.',
            'Codecs, bit rates and presets: the defaults of each.',
            f'Machine: {machine["cores"]} × {machine["cpu"]}, {machine["system"]}, load '
            f'{machine["load"]:.2f} before the start.',
            f'Versions: Python {machine["python"]}, webrtc_bridge {machine["webrtc_bridge"]}, '
            f'aiortc {machine["aiortc"]}, PyAV {machine["av"]}, rclpy {machine["rclpy"]}.',
            *(f'Failed: {error}' for error in self.errors),
        ]


def compared(figures: Figures) -> dict[str, Mapping[str, float | None]]:
    """Return the ratios of ours to each other pipeline."""
    if OURS not in figures:
        return {}
    others = (name for name in figures if name != OURS)
    return {name: ratios(figures[OURS], figures[name]) for name in others}


def new_folder(parent: Path) -> Path:
    """Make and return a folder in `parent` that is named after the time."""
    folder = parent / time.strftime('%Y-%m-%d_%H-%M-%S')
    folder.mkdir(parents=True, exist_ok=True)
    return folder
