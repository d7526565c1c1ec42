"""Programs without ROS: from the option table to command-line flags, and from there to a run."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from webrtc_bridge import __version__
from webrtc_bridge.errors import WebrtcBridgeError
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

    `require` checks the libraries; `arguments` are the command line's, None for `sys.argv`.
    `log_level` is from where on is logged where they do not say; `new_loop` makes the event loop.
    """
    parser = argparse.ArgumentParser(program, description=description)
    for table in tables:
        add_arguments(parser, table)
    parser.add_argument(
        '--log-level', choices=LOG_LEVELS, default=log_level, help=f'default: {log_level}'
    )
    parser.add_argument('--version', action='version', version=__version__)
    given = parser.parse_args(arguments)
    try:
        require()
        options: list[Any] = [from_arguments(table, given) for table in tables]
    except WebrtcBridgeError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_status
    configure_logging(given.log_level)
    return run(lambda: main(*options), new_loop)
