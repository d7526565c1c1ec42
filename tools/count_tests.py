"""
Add up JUnit result files: `count_tests.py FILE…` prints one line, and fails if a test did.

A skipped test fails it too, unless its reason is in `ALLOWED`: `make test` installs what the tests
need, so that any other skip hides a fault.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

ALLOWED = {
    'launch_ros comes with an installed ROS 2, .*': 'there is no wheel of it',
    'needs foxglove_msgs': 'there is no wheel of it',
    'needs ffmpeg_image_transport_msgs': 'there is no wheel of it',
    'needs root, to make (network|mount) namespaces.*': 'users and most containers may not',
    'needs root, to make device nodes': 'users and some containers may not make them',
    'needs a C compiler': 'one test of clocks alone needs it',
    'stock aiortc cannot connect on loopback alone': 'the machine has no network',
}
'Reasons of skips, as patterns, and why `make test` cannot supply what is missing.'


@dataclass(frozen=True)
class Skip:
    """A test that was not run, and the reason that it gave."""

    test: str
    reason: str

    @property
    def allowed(self) -> bool:
        """Whether what it lacks is not for `make test` to install."""
        return any(re.fullmatch(pattern, self.reason) for pattern in ALLOWED)


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


def skips(path: str) -> Iterator[Skip]:
    """Yield the skipped tests of the result file `path`; none where it cannot be read."""
    try:
        cases = ElementTree.parse(path).iter('testcase')
    except (OSError, ElementTree.ParseError):
        return
    for case in cases:
        for skipped in case.iter('skipped'):
            names = filter(None, (case.get('classname'), case.get('name')))
            yield Skip('.'.join(names), ' '.join(reason_of(skipped).split()))


def reason_of(skipped: ElementTree.Element) -> str:
    """Return why a test, or a module while it was collected, was skipped."""
    if skipped.get('type'):
        return skipped.get('message', '')
    # Of a module pytest writes the tuple (file, line, 'Skipped: reason'), as Python shows it.
    text = skipped.text or ''
    try:
        return str(ast.literal_eval(text)[2]).removeprefix('Skipped: ')
    except (ValueError, SyntaxError, LookupError, TypeError):
        return text


def main(paths: list[str]) -> int:
    """
    Print what was skipped and the sum of all result files.

    Return 1 if a test failed, was skipped for a reason that is not allowed, or none passed.
    """
    runs = [count(path) for path in paths]
    found = [skip for path in paths for skip in skips(path)]
    for reason, number in Counter(skip.reason for skip in found if skip.allowed).items():
        print(f'skipped, as it may be: {number} × {reason}')
    hidden = [skip for skip in found if not skip.allowed]
    for skip in hidden:
        print(f'error: {skip.test} was skipped, which is not allowed: {skip.reason}')
    total = {word: sum(run[word] for run in runs) for word in ('passed', 'failed', 'skipped')}
    print(', '.join(f'{number} {word}' for word, number in total.items()))
    passed = runs and not total['failed'] and not hidden and all(run['passed'] for run in runs)
    return 0 if passed else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
