"""
Find words that a native reader stumbles over: `check_words.py [FILE OR FOLDER…]`.

One line for each, as `file:line: found; write …`; the exit status is 1 if there was one. Without
arguments everything that people read is checked: all text, but not `code` in Markdown, and the
first words of docstrings.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = (
    *('webrtc_bridge', 'docs', 'launch', 'config', 'tools', 'benchmark', 'examples', 'test'),
    *('README.md', 'CONTRIBUTING.md', 'CHANGELOG.rst', 'Makefile', 'setup.py', 'package.xml'),
)
SUFFIXES = (
    *('.py', '.js', '.mjs', '.html', '.css', '.md', '.rst', '.yaml', '.sh', '.svg', '.xml'),
    '',
)
LEFT_OUT = ('tools/check_words.py', 'test/test_lint.py')

SPACE = r'\s+(?:(?:#|//|\*)\s+)?'
'Also where a line of prose or of a comment ends.'


@dataclass(frozen=True, slots=True)
class Rule:
    """Words to avoid, as a regular expression, and what to write instead."""

    words: str
    better: str

    def search(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each match in `text`."""
        return re.finditer(self.words.replace(' ', SPACE), text)


RULES = (
    Rule(r'\b[Ff]or ever\b', 'forever'),
    Rule(r'\b[Aa]new\b', 'again'),
    Rule(
        r'(?<![Tt]here\s)\b(?:is|are|was|were) no '
        r'(?!longer|more|less|fewer|better|worse|later|earlier|sooner|such|other|one\b)\w+',
        '"is not a …" or "there is no …"',
    ),
    Rule(r'\bfor each of them\b', 'for each'),
    Rule(r'\b(?:has|have|had) stopped to\b', '"has stopped …ing"'),
    Rule(r'\b[Ww]ho(?:ever)? watch(?:es)?\b', 'viewers'),
    Rule(r'\b(?:is|are|was|were|be|been) said\b', '"is logged" or "is reported"'),
    Rule(
        r'\b(?:is|are|was|were|be|been) told\b(?! to\b)',
        '"is logged", "is reported", "is known" or "is informed of"',
    ),
    Rule(r'\b(?:the|a|its|their|from|at|of|every|each) begins?\b', 'start or beginning'),
    Rule(r'\bBegin of\b', 'Start of'),
    Rule(r'\bthat (?:is|are) there\b', '"exists", "is present" or "is registered"'),
    Rule(r'\b[Bb]eside\b', '"next to", "alongside", "compared with" or "in addition to"'),
)
FIRST_WORDS = re.compile(
    r'(?:Say|Says|Lets|What|Which|Who|Whom|Whose|Whether|Where|Why|How|That|If)\b'
)
FIRST_WORD_RULE = 'an imperative or a noun phrase first ("Return whether …")'


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at a place in a file."""

    path: Path
    line: int
    found: str
    better: str

    def __str__(self) -> str:
        path = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f'{path}:{self.line}: {self.found}; write {self.better}'


def check(path: Path) -> Iterator[Finding]:
    """Yield what is wrong in the file `path`."""
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.md':
        # The same length, so that line numbers stay right.
        text = re.sub(r'(?s)```.*?```|`[^`]+`', lambda code: re.sub(r'[^\n]', '`', code[0]), text)
    for rule in RULES:
        for match in rule.search(text):
            line = text.count('\n', 0, match.start()) + 1
            yield Finding(path, line, ' '.join(match[0].split()), rule.better)
    if path.suffix == '.py':
        yield from check_docstrings(path, text)


def check_docstrings(path: Path, text: str) -> Iterator[Finding]:
    """Yield the docstrings, of attributes too, that start with a wrong word."""
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, 'body', None)
        for index, statement in enumerate(body if isinstance(body, list) else ()):
            value = getattr(getattr(statement, 'value', None), 'value', None)
            if not (isinstance(statement, ast.Expr) and isinstance(value, str)):
                continue
            match = FIRST_WORDS.match(value.lstrip())
            is_of_attribute = index > 0 or is_property(node)
            if match and not (match[0] == 'Whether' and is_of_attribute):
                yield Finding(path, statement.lineno, f'"{match[0]} …"', FIRST_WORD_RULE)


def is_property(node: ast.AST) -> bool:
    """Return whether `node` is a method that is read like an attribute."""
    decorators = getattr(node, 'decorator_list', [])
    return any(ast.unparse(decorator).endswith('property') for decorator in decorators)


def files(places: list[Path]) -> Iterator[Path]:
    """Yield the files to check in `places`."""
    left_out = {ROOT / name for name in LEFT_OUT}
    for path in chain.from_iterable(sorted(p.rglob('*')) if p.is_dir() else [p] for p in places):
        is_text = path.suffix in SUFFIXES and '__pycache__' not in path.parts
        if path.is_file() and is_text and path not in left_out:
            yield path


def main(arguments: list[str]) -> int:
    """Print all findings; return 1 if there was one."""
    places = [Path(name).resolve() for name in arguments] or [ROOT / name for name in PLACES]
    paths = files(places)
    findings = list(chain.from_iterable(check(path) for path in paths))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
