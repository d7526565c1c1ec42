"""
Runs a ROS node as a program; what `ros2 run` and `ros2 launch` start.

Imports no rclpy before that is known to be there: without it, or with a parameter that cannot be
used, a node says so in one line and ends with the status of the error.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from webrtc_bridge import __version__
from webrtc_bridge.errors import OptionError, RequirementError, WebrtcBridgeError
from webrtc_bridge.program.lifetime import NewLoop, until_signal
from webrtc_bridge.program.option_row import rows
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.program.requirements import require_rclpy

if TYPE_CHECKING:
    from rclpy.node import Node

    from webrtc_bridge.nodes.ros.parameters import Parameters

T = TypeVar('T')


@dataclass(frozen=True)
class NodeProgram(Generic[T]):
    """A node: its names, its options, and what it does."""

    name: str
    'Of the executable, as in `ros2 run webrtc_bridge receiver_node`.'

    node_name: str
    'On the graph.'

    summary: str

    options: type[T]
    'The option table that its parameters come from.'

    sends_images: bool
    'Whether it needs the shared memory for it, which is taken from what the machine has.'

    require: Callable[[], None]
    'Checks the libraries that `prepare` imports, rclpy apart. Raises: RequirementError.'

    prepare: Callable[['Node', 'Parameters[T]'], Coroutine[Any, Any, None]]
    """
    Creates what ROS sees of the node, before it spins; returns what is to be done from then on,
    until it is cancelled. Raises: WebrtcBridgeError.
    """

    new_loop: NewLoop | None = None
    "Makes the event loop, where asyncio's own is not to be used."

    def main(self, arguments: list[str] | None) -> int:
        """Run the node with command-line `arguments`; return the exit status."""
        given = sys.argv[1:] if arguments is None else arguments
        flags = self._parser().parse_args(without_ros_arguments(given))
        try:
            with asyncio.Runner(loop_factory=self.new_loop) as runner:
                runner.run(until_signal(self._run(given, flags.log_level)))
        except WebrtcBridgeError as error:
            print(f'{self.name}: {in_one_line(error, self.options)}', file=sys.stderr)
            return error.exit_status
        return 0

    async def _run(self, arguments: list[str], log_level: str | None) -> None:
        # All of it in the event loop, so that a signal while ROS starts ends the node as well.
        require_rclpy()
        self.require()
        try:
            from webrtc_bridge.nodes.ros.ros_node import run_node
        except ModuleNotFoundError as exc:
            raise RequirementError(str(exc.name), None, 'it', 'it belongs to ROS') from exc
        await run_node(self, arguments, log_level)

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=self.name,
            description=self.summary,
            epilog='Parameters are set with --ros-args -p name:=value, or --params-file.',
        )
        parser.add_argument('--version', action='version', version=__version__)
        parser.add_argument(
            '--log-level',
            choices=('debug', 'info', 'warn', 'error'),
            help='log from this level on (default: what --ros-args --log-level says)',
        )
        return parser


def without_ros_arguments(arguments: list[str]) -> list[str]:
    """Return `arguments` without what stands between each --ros-args and -- (or the end)."""
    kept = []
    is_for_ros = False
    for argument in arguments:
        if is_for_ros:
            is_for_ros = argument != '--'
        elif argument == '--ros-args':
            is_for_ros = True
        else:
            kept.append(argument)
    return kept


def in_one_line(error: WebrtcBridgeError, options: type) -> str:
    """Return what is wrong, without credentials; an option is called by its name in ROS."""
    shown = re.sub(
        r"[A-Za-z][\w+.-]*://[^\s']+", lambda url: without_credentials(url[0]), str(error)
    )
    if not isinstance(error, OptionError):
        return shown
    # What knows nothing of ROS names an option by its flag: server for server_url.
    names = {row.flag.lstrip('-'): row.name for row in rows(options)}
    return f'parameter {names.get(error.name, error.name)}{shown.removeprefix(error.name)}'
