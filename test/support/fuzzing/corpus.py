"""The inputs that fuzzing has found, a file for each target, with one bytes literal a line."""

import ast
from pathlib import Path

CORPUS = Path(__file__).parents[2] / 'fuzzing' / 'corpus'


def read_corpus(target: str) -> list[bytes]:
    """Return the inputs of a target."""
    file = CORPUS / f'{target}.txt'
    lines = file.read_text().splitlines() if file.exists() else []
    return [ast.literal_eval(line) for line in lines]


def write_corpus(target: str, inputs: list[bytes]) -> None:
    """Write the inputs of a target, the shortest first."""
    lines = [repr(data) for data in sorted(set(inputs), key=lambda data: (len(data), data))]
    (CORPUS / f'{target}.txt').write_text(''.join(f'{line}\n' for line in lines))
