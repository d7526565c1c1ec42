"""The verdict of `make test`: what failed, and what was skipped that should have run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT_TESTS = Path(__file__).parents[1] / 'tools/count_tests.py'

PASSES = 'def test_passes(): pass\n'
SKIPS = 'import pytest\n\ndef test_skips():\n    pytest.skip({!r})\n'
MODULE = 'import pytest\n\npytest.skip({!r}, allow_module_level=True)\n'
ALLOWED = 'needs foxglove_msgs'
'One of those on the list.'


@pytest.fixture
def verdict(tmp_path: Path):
    """Return a function that runs the tests in given texts; it returns status and lines."""

    def judge(*sources: str) -> tuple[int, list[str]]:
        for number, source in enumerate(sources):
            (tmp_path / f'test_{number}.py').write_text(source)
        results = tmp_path / 'results.xml'
        options = ('-c', '/dev/null', f'--rootdir={tmp_path}', '-p', 'no:cacheprovider')
        subprocess.run(
            [sys.executable, '-m', 'pytest', *options, f'--junit-xml={results}', tmp_path],
            env={**os.environ, 'PYTEST_ADDOPTS': ''},  # colcon's are for its own run
            capture_output=True,
            timeout=60,
            check=False,
        )
        return counted(results)

    return judge


def counted(*results: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, COUNT_TESTS, *results],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ''
    return done.returncode, done.stdout.splitlines()


def test_what_passes_is_counted_in_one_line(verdict) -> None:
    assert verdict(PASSES) == (0, ['1 passed, 0 failed, 0 skipped'])


def test_a_failure_fails_the_run(verdict) -> None:
    status, lines = verdict(PASSES, 'def test_fails(): assert False\n')
    assert (status, lines) == (1, ['1 passed, 1 failed, 0 skipped'])


def test_a_skip_that_is_on_the_list_is_noted(verdict) -> None:
    status, lines = verdict(PASSES, SKIPS.format(ALLOWED), MODULE.format(ALLOWED))
    noted = f'skipped, as it may be: 2 × {ALLOWED}'
    assert (status, lines) == (0, [noted, '1 passed, 0 failed, 2 skipped'])


def test_any_other_skip_fails_the_run_and_is_named_with_its_reason(verdict) -> None:
    status, lines = verdict(PASSES, SKIPS.format('error: the encoder\ndied'))
    assert status == 1
    assert lines == [
        'error: test_1.test_skips was skipped, which is not allowed: error: the encoder died',
        '1 passed, 0 failed, 1 skipped',
    ]


def test_a_module_that_is_skipped_whole_is_named_too(verdict) -> None:
    status, lines = verdict(PASSES, MODULE.format("needs 'this' package"))
    assert status == 1
    assert lines[0] == "error: test_1 was skipped, which is not allowed: needs 'this' package"


def test_a_reason_that_only_holds_an_allowed_one_is_another(verdict) -> None:
    status, _ = verdict(PASSES, SKIPS.format(f'it says: {ALLOWED}'))
    assert status == 1


def test_a_test_that_is_expected_to_fail_has_to_be_mended(verdict) -> None:
    source = "import pytest\n\n@pytest.mark.xfail(reason='broken')\ndef test_x(): assert False\n"
    status, lines = verdict(PASSES, source)
    assert status == 1
    assert lines[0] == 'error: test_1.test_x was skipped, which is not allowed: broken'


def test_a_run_without_a_result_is_a_failure(tmp_path: Path) -> None:
    assert counted(tmp_path / 'none.xml') == (1, ['0 passed, 1 failed, 0 skipped'])
