"""The source is formatted, linted and typed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    'command',
    [('ruff', 'check'), ('ruff', 'format', '--check'), ('mypy',)],
    ids=' '.join,
)
def test_passes(command: tuple[str, ...]) -> None:
    pytest.importorskip(command[0], reason=f'{command[0]} is not installed')
    done = subprocess.run(
        [sys.executable, '-m', *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout
