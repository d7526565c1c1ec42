"""Add up JUnit result files: `count_tests.py FILE…` prints one line and fails if a test did."""

import sys
from xml.etree import ElementTree


def count(path: str) -> dict[str, int]:
    """
    Return how many of the tests in the result file `path` passed, failed and were skipped.

    A run that left no result, or no whole one, is one failure.
    """
    counts = dict.fromkeys(('tests', 'failures', 'errors', 'skipped'), 0)
    try:
        suites = ElementTree.parse(path).iter('testsuite')
    except (OSError, ElementTree.ParseError):
        return {'passed': 0, 'failed': 1, 'skipped': 0}
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.get(name, 0))
    failed = counts['failures'] + counts['errors']
    passed = counts['tests'] - failed - counts['skipped']
    return {'passed': passed, 'failed': failed, 'skipped': counts['skipped']}


def main(paths: list[str]) -> int:
    """Print the sum of all result files; return 1 if a test failed, or none passed."""
    runs = [count(path) for path in paths]
    total = {word: sum(run[word] for run in runs) for word in ('passed', 'failed', 'skipped')}
    print(', '.join(f'{number} {word}' for word, number in total.items()))
    return 0 if runs and not total['failed'] and all(run['passed'] for run in runs) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
