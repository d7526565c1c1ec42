"""The sizes that keep the code readable: of folders, files, constructors and classes."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import webrtc_bridge

PACKAGE = Path(webrtc_bridge.__file__).parent
TESTS = Path(__file__).parent
BENCHMARK = TESTS.parent / 'benchmark'

SOURCES = {'.py', '.js', '.css', '.html'}
MOST_FILES = 15
MOST_LINES = 300
MOST_ARGUMENTS = 6
'Arguments of a constructor besides self.'

MOST_ATTRIBUTES = 15
'Attributes that one class assigns on self.'

LARGE_FOLDERS: dict[str, str] = {}
LONG_FILES = {'options.py': 'the table of all options, in the order of the help'}
LONG_CONSTRUCTORS: dict[str, str] = {}
LARGE_CLASSES: dict[str, str] = {}
'The exceptions and their reasons; one that is no longer needed fails.'


def files_of(root: Path) -> Iterator[Path]:
    """Yield the sources below `root`, without those that only make a folder a package."""
    for path in root.rglob('*'):
        if path.suffix in SOURCES and path.name != '__init__.py':
            yield path


def constructor_arguments(cls: ast.ClassDef) -> int:
    constructors = (
        node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == '__init__'
    )
    return max((argument_count(node.args) for node in constructors), default=0)


def argument_count(arguments: ast.arguments) -> int:
    return len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1


def attribute_count(cls: ast.ClassDef) -> int:
    """Return the number of names that `cls` assigns on self: not the fields of a dataclass."""
    return len(
        {
            node.attr
            for node in ast.walk(cls)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == 'self'
        }
    )


def classes_above(limit: int, count: Callable[[ast.ClassDef], int]) -> set[str]:
    """Return the classes of the package that `count` finds larger than `limit`."""
    return {
        f'{path.relative_to(PACKAGE).as_posix()}:{node.name}'
        for path in PACKAGE.rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.ClassDef) and count(node) > limit
    }


def class_of(source: str) -> ast.ClassDef:
    cls = ast.parse(source).body[0]
    assert isinstance(cls, ast.ClassDef)
    return cls


def test_a_folder_of_the_package_is_read_at_a_glance() -> None:
    files = Counter(path.parent.relative_to(PACKAGE).as_posix() for path in files_of(PACKAGE))
    assert {folder for folder, count in files.items() if count > MOST_FILES} == set(LARGE_FOLDERS)


def test_a_folder_of_tests_or_of_the_benchmark_is_read_at_a_glance() -> None:
    files = Counter(path.parent for root in (TESTS, BENCHMARK) for path in files_of(root))
    assert {folder for folder, count in files.items() if count > MOST_FILES} == set()


def test_no_file_of_the_package_is_long() -> None:
    long = {
        path.relative_to(PACKAGE).as_posix()
        for path in files_of(PACKAGE)
        if len(path.read_text(encoding='utf-8').splitlines()) > MOST_LINES
    }
    assert long == set(LONG_FILES)


def test_a_constructor_takes_few_arguments() -> None:
    assert classes_above(MOST_ARGUMENTS, constructor_arguments) == set(LONG_CONSTRUCTORS)


def test_a_class_has_few_attributes() -> None:
    assert classes_above(MOST_ATTRIBUTES, attribute_count) == set(LARGE_CLASSES)


def test_the_arguments_of_a_constructor_are_counted_without_self() -> None:
    source = 'class A:\n    def __init__(self, a, /, b, c=0, *, d, e=1): ...\n'
    assert constructor_arguments(class_of(source)) == 5
    assert constructor_arguments(class_of('class A:\n    def run(self, a, b): ...\n')) == 0


def test_each_attribute_is_counted_once() -> None:
    source = """
class A:
    field: int = 0

    def __init__(self, other):
        self.a = self.b = 0
        self.c: int = 1
        self.d, (self.e, *self.f) = other.read()
        other.value = self.unassigned

    def run(self):
        self.a += 1
        with open('x') as self.g:
            self.list[0] = 1
"""
    assert attribute_count(class_of(source)) == 7
    assert attribute_count(class_of('class A:\n    field: int = 0\n')) == 0
