"""The command line of programs without ROS: flags from the option table, and the run."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from webrtc_bridge import __version__
from webrtc_bridge.errors import OptionError, WebrtcBridgeError
from webrtc_bridge.program.lifetime import LOG_LEVELS, NewLoop, configure_logging, run
from webrtc_bridge.program.option_row import rows

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
                row.flag, dest=row.name, action='append', help=f'{text} May be repeated.'
            )
        else:
            metavar = '|'.join(row.choices) if row.choices else row.name.upper()
            parser.add_argument(row.flag, dest=row.name, metavar=metavar, help=text)


def from_arguments(options: type[T], arguments: argparse.Namespace) -> T:
    """
    Return an instance of the dataclass `options` with the values from the command line.

    Raises: OptionError, naming the flag.
    """
    values: dict[str, Any] = {}
    for row in rows(options):
        value = getattr(arguments, row.name)
        if value is None:
            continue
        values[row.name] = row.parse(value) if type(value) is str else row.check(value, row.flag)
    try:
        return options(**values)
    except OptionError as error:  # of two that do not fit together
        flags = {row.name: row.flag for row in rows(options)}
        raise OptionError(flags[error.name], error.value, error.expected) from error


def run_command(
    program: str,
    description: str | None,
    tables: tuple[type, ...],
    require: Callable[[], None],
    main: Callable[..., Coroutine[Any, Any, None]],
    arguments: list[str] | None,
    log_level: str = 'info',
    new_loop: NewLoop | None = None,
) -> int:
    """
    Run `main`, called with an instance of each of the option `tables`; return the exit status.

    `require` checks the libraries; `arguments` is the command line, None for `sys.argv`.
    `log_level` is the default of --log-level; `new_loop` makes the event loop.
    """
    parser = argparse.ArgumentParser(program, description=description)
    for table in tables:
        add_arguments(parser, table)
    parser.add_argument(
        '--log-level',
        choices=LOG_LEVELS,
        default=log_level,
        help=f'Lowest level to log. (default: {log_level})',
    )
    parser.add_argument('--version', action='version', version=__version__)
    parsed = parser.parse_args(arguments)
    try:
        require()
        options: list[Any] = [from_arguments(table, parsed) for table in tables]
    except WebrtcBridgeError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_status
    configure_logging(parsed.log_level)
    return run(lambda: main(*options), new_loop)
