"""The command `webrtc_bridge`: what can be run without ROS, as subcommands."""

import argparse
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

from webrtc_bridge import __version__, requirements
from webrtc_bridge.errors import RequirementError


@dataclass(frozen=True)
class Command:
    """A subcommand: the module whose `main` it is, and what to check before importing that."""

    module: str
    summary: str
    require: Callable[[], None]


COMMANDS = {
    'signaling': Command(
        'webrtc_bridge.signaling_server',
        'serve signaling, where senders and receivers meet',
        requirements.require_aiohttp,
    ),
    'webcam': Command(
        'webrtc_bridge.webcam_sender',
        'send a camera, stream, file or test pattern',
        requirements.require_aiortc,
    ),
    'demo': Command(
        'webrtc_bridge.demo',
        'run everything on this machine, up to a ROS topic',
        requirements.require_aiortc,
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand that `arguments` start with; return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    command = COMMANDS[parser().parse_args(given[:1]).command]
    try:
        command.require()
    except RequirementError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_status
    # Imported only now: a library that is missing concerns the subcommand that needs it.
    module = importlib.import_module(command.module)
    status: int = module.main(given[1:])
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the subcommand's name; its flags are its own program's."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}}  {command.summary}' for name, command in COMMANDS.items()]
    found = argparse.ArgumentParser(
        prog='webrtc_bridge',
        usage='webrtc_bridge [-h] [--version] COMMAND ...',
        description='Bring a camera across a network: WebRTC video in and out of ROS 2.',
        epilog='commands:\n' + '\n'.join(lines) + '\n\nwebrtc_bridge COMMAND --help says more.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument('--version', action='version', version=__version__)
    found.add_argument('command', choices=COMMANDS, metavar='COMMAND', help='see below')
    return found


if __name__ == '__main__':
    sys.exit(main())
