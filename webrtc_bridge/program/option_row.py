"""
One row of the option table, and the check of a value against it.

Each program's options are a frozen dataclass in `options.py` whose fields are made by `option()`.
It defines the command-line flags (`command_line.py`), the ROS parameters
(`nodes/ros/parameters.py`), the launch arguments (`nodes/ros/launch_arguments.py`) and, held by a
test, the files in `config/` and the tables in docs/parameters.md.
"""

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from webrtc_bridge.errors import OptionError

T = TypeVar('T')


@dataclass(frozen=True)
class Option:
    """
    One row of the table; `kind` is str, int, float, bool or list (of str).

    Its command-line flag is `--max-sockets` for the name `max_sockets`, singular for a list,
    unless `flag` says otherwise.
    """

    name: str
    kind: type
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    pattern: re.Pattern[str] | None = None
    expected: str = ''
    unit: str = ''
    read_only: bool = True
    flag: str = ''

    def __post_init__(self) -> None:
        if not self.flag:
            name = self.name.removesuffix('s') if self.kind is list else self.name
            object.__setattr__(self, 'flag', '--' + name.replace('_', '-'))

    @property
    def wanted(self) -> str:
        """Describe the allowed values, for error messages and the documentation."""
        if self.expected:
            return self.expected
        if self.choices:
            return 'one of ' + ', '.join(self.choices)
        if self.pattern:
            return f'text matching {self.pattern.pattern}'
        words = {
            str: 'text',
            int: 'a whole number',
            float: 'a number',
            bool: 'true or false',
            list: 'a list of strings',
        }
        unit = f' {self.unit}' if self.unit else ''
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f'{words[self.kind]} from {low:.12g} to {high:.12g}{unit}'
        return f'{words[self.kind]}{unit}'

    def check(self, value: Any, name: str | None = None) -> Any:
        """
        Return `value` in the option's own type.

        `name` is the option as the user wrote it, if not by its plain name.

        Raises: OptionError.
        """
        error = OptionError(name or self.name, value, self.wanted)
        if self.kind is float and type(value) is int:
            value = float(value)
        if self.kind is list:
            if not isinstance(value, (list, tuple)) or not all(type(v) is str for v in value):
                raise error
            for text in value:
                if self.pattern and text and not self.pattern.fullmatch(text):
                    raise OptionError(name or self.name, text, self.wanted)
            return tuple(value)
        if type(value) is not self.kind:
            raise error
        if not self._allows(value):
            raise error
        return value

    def _allows(self, value: Any) -> bool:
        if self.kind is float and not math.isfinite(value):
            return False
        if self.minimum is not None and value < self.minimum:
            return False
        if self.maximum is not None and value > self.maximum:
            return False
        if self.choices is not None and value not in self.choices:
            return False
        return self.pattern is None or not value or bool(self.pattern.fullmatch(value))

    def parse(self, text: str) -> Any:
        """
        Return the value of `text`, from a command line.

        Raises: OptionError.
        """
        try:
            value: Any = self.kind(text) if self.kind in (int, float) else text
        except ValueError:
            value = text
        return self.check(value, self.flag)


def option(
    default: Any,
    description: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | None = None,
    pattern: re.Pattern[str] | None = None,
    expected: str = '',
    unit: str = '',
    read_only: bool = True,
    flag: str = '',
) -> Any:
    """Return a dataclass field that is a row of the table; the arguments are those of `Option`."""
    row = {
        'description': description,
        'minimum': minimum,
        'maximum': maximum,
        'choices': choices,
        'pattern': pattern,
        'expected': expected,
        'unit': unit,
        'read_only': read_only,
        'flag': flag,
    }
    return dataclasses.field(default=default, metadata=row)


def rows(options: type) -> Iterator[Option]:
    """Yield the rows of the dataclass `options`, in order."""
    hints = get_type_hints(options)
    for field in dataclasses.fields(options):
        kind = hints[field.name]
        kind = kind if kind in (str, int, float, bool) else list
        yield Option(field.name, kind, field.default, **field.metadata)


def checked(options: type[T], values: Mapping[str, Any]) -> T:
    """
    Return an instance of the dataclass `options` with the checked `values`, else the defaults.

    Raises: OptionError, also if a name is not in the table.
    """
    table = {row.name: row for row in rows(options)}
    for name, value in values.items():
        if name not in table:
            raise OptionError(name, value, 'one of ' + ', '.join(table))
    return options(**{name: table[name].check(value) for name, value in values.items()})
