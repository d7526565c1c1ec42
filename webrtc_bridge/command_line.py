"""From the option table to command-line flags and back."""

import argparse
from typing import Any, TypeVar

from webrtc_bridge.option_row import rows

T = TypeVar('T')


def add_arguments(parser: argparse.ArgumentParser, options: type) -> None:
    """Give `parser` a flag for each row of the dataclass `options`."""
    for row in rows(options):
        unit = f' [{row.unit}]' if row.unit else ''
        text = f'{row.description}{unit}'.replace('%', '%%')
        if row.default not in ('', (), False):
            text += f' (default: {row.default})'
        if row.kind is bool:
            action = argparse.BooleanOptionalAction if row.default else 'store_true'
            parser.add_argument(
                row.flag, dest=row.name, action=action, default=row.default, help=text
            )
        elif row.kind is list:
            parser.add_argument(
                row.flag, dest=row.name, action='append', help=f'{text}; may be repeated'
            )
        else:
            metavar = '|'.join(row.choices) if row.choices else row.name.upper()
            parser.add_argument(row.flag, dest=row.name, metavar=metavar, help=text)


def from_arguments(options: type[T], arguments: argparse.Namespace) -> T:
    """
    Return an instance of the dataclass `options` with what was given on the command line.

    Raises: OptionError, naming the flag.
    """
    values: dict[str, Any] = {}
    for row in rows(options):
        given = getattr(arguments, row.name)
        if given is None:
            continue
        values[row.name] = row.parse(given) if type(given) is str else row.check(given, row.flag)
    return options(**values)
