"""The source is formatted, linted and typed, and its English is checked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.parametrize(
    'command',
    [('ruff', 'check'), ('ruff', 'format', '--check'), ('mypy',)],
    ids=' '.join,
)
def test_passes(command: tuple[str, ...]) -> None:
    pytest.importorskip(command[0], reason=f'{command[0]} is not installed')
    done = run('-m', *command)
    assert done.returncode == 0, done.stdout


def test_the_english_passes() -> None:
    done = run('tools/check_words.py')
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('# It waits for ever.\n', 'for ever'),
        ('# It waits for\n# ever.\n', 'for # ever'),
        ('"""Ask anew."""\n', 'anew'),
        ("raise OSError('front is no camera')\n", 'is no camera'),
        ('# The first one that is there.\n', 'that is there'),
        ('# What failed is told once.\n', 'is told'),
        ('def f():\n    """Say whether it is."""\n', '"Say …"'),
        ("LIMIT = 3\n'How many there may be.'\n", '"How …"'),
    ],
)
def test_the_english_can_fail(tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / 'module.py'
    file.write_text(text, encoding='utf-8')
    done = run('tools/check_words.py', str(file))
    assert done.returncode == 1
    assert f': {found}; write ' in done.stdout


@pytest.mark.parametrize(
    'text',
    [
        '# There is no camera.\n',
        '# It is no longer than 5 s, and is told to stop.\n',
        "class A:\n    x: int\n    'Whether it is.'\n",
        'def f():\n    """Return whether it is."""\n',
    ],
)
def test_good_english_passes(tmp_path: Path, text: str) -> None:
    file = tmp_path / 'module.py'
    file.write_text(text, encoding='utf-8')
    done = run('tools/check_words.py', str(file))
    assert done.returncode == 0, done.stdout


def test_words_that_are_quoted_in_markdown_pass(tmp_path: Path) -> None:
    file = tmp_path / 'page.md'
    file.write_text('Not `for ever`,\nbut forever.\n', encoding='utf-8')
    assert run('tools/check_words.py', str(file)).returncode == 0
