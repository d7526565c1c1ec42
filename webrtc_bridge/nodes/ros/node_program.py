"""
A ROS node as a program, for `ros2 run` and `ros2 launch`.

Nothing here imports rclpy before it is known to be installed: without it, or with an invalid
parameter, a node ends with one line on stderr and the status of the error.
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
from webrtc_bridge.program.requirements import FIND_ROS, require_rclpy

if TYPE_CHECKING:
    from rclpy.node import Node

    from webrtc_bridge.nodes.ros.parameters import Parameters

T = TypeVar('T')


@dataclass(frozen=True)
class NodeProgram(Generic[T]):
    """A node: its names, its options, and its work."""

    name: str
    'Name of the executable, as in `ros2 run webrtc_bridge receiver_node`.'

    node_name: str
    'Name on the ROS graph.'

    summary: str

    options: type[T]
    'The dataclass of options that its parameters come from.'

    sends_images: bool
    'True to reserve shared memory for images.'

    require: Callable[[], None]
    'Checks the libraries that `prepare` imports, except rclpy. Raises: RequirementError.'

    prepare: Callable[['Node', 'Parameters[T]'], Coroutine[Any, Any, None]]
    """
    Creates topics and services before the node spins; returns its work, which runs until it is
    cancelled. Raises: WebrtcBridgeError.
    """

    new_loop: NewLoop | None = None
    "Makes the event loop, if not asyncio's own."

    def main(self, arguments: list[str] | None) -> int:
        """Run the node with command-line `arguments`; return the exit status."""
        words = sys.argv[1:] if arguments is None else arguments
        flags = self._parser().parse_args(without_ros_arguments(words))
        try:
            with asyncio.Runner(loop_factory=self.new_loop) as runner:
                runner.run(until_signal(self._run(words, flags.log_level)))
        except WebrtcBridgeError as error:
            print(f'{self.name}: {in_one_line(error, self.options)}', file=sys.stderr)
            return error.exit_status
        return 0

    async def _run(self, arguments: list[str], log_level: str | None) -> None:
        # All of it in the event loop, so that a signal while ROS starts ends the node as well.
        require_rclpy()
        self.require()
        try:
            from webrtc_bridge.nodes.ros.parameters import Parameters
            from webrtc_bridge.nodes.ros.ros_node import run_node
        except ModuleNotFoundError as exc:
            raise _missing(exc) from exc

        def prepare(node: 'Node') -> Coroutine[Any, Any, None]:
            try:
                return self.prepare(node, Parameters(node, self.options))
            except ModuleNotFoundError as exc:  # of the messages and services of this node
                raise _missing(exc) from exc

        await run_node(
            self.node_name, prepare, arguments, log_level, sends_images=self.sends_images
        )

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
            help='Lowest level to log. (default: that of --ros-args --log-level)',
        )
        return parser


def _missing(error: ModuleNotFoundError) -> RequirementError:
    return RequirementError(str(error.name), None, '', FIND_ROS)


def without_ros_arguments(arguments: list[str]) -> list[str]:
    """Return `arguments` without those between each --ros-args and -- (or the end)."""
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
    """Describe `error` without credentials, with the ROS name of an option."""
    text = re.sub(
        r"[A-Za-z][\w+.-]*://[^\s']+", lambda url: without_credentials(url[0]), str(error)
    )
    if not isinstance(error, OptionError):
        return text
    # Code without ROS names an option by its flag: server for server_url.
    names = {row.flag.lstrip('-'): row.name for row in rows(options)}
    return f'parameter {names.get(error.name, error.name)}{text.removeprefix(error.name)}'
