"""The command `webrtc_bridge`: the programs without ROS, as subcommands."""

import argparse
import importlib
import sys

from webrtc_bridge import __version__
from webrtc_bridge.program.own_command import own_command

COMMANDS = {
    'signaling': 'serve signaling and the viewer page',
    'webcam': 'send a camera, stream, file or test pattern',
    'gstreamer': 'send any GStreamer source, encoded by hardware where possible',
    'token': 'make a token, or a secret, for the signaling server',
    'certificate': 'make a certificate for the signaling server',
    'doctor': 'check everything between this machine and a camera',
    'demo': 'run everything on this machine, up to a ROS topic',
}
'The subcommands; each is `main` of the module of its name in `commands`.'


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand that `arguments` start with; return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    command = parser().parse_args(given[:1]).command
    # Imported here, because a missing library concerns only the subcommand that needs it.
    module = importlib.import_module(f'webrtc_bridge.commands.{command}')
    status: int = module.main(given[1:])
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the subcommand's name; its flags are parsed by its own program."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}}  {summary}' for name, summary in COMMANDS.items()]
    found = argparse.ArgumentParser(
        prog='webrtc_bridge',
        usage='webrtc_bridge [-h] [--version] COMMAND ...',
        description='Stream cameras to ROS 2 topics, and image topics to browsers, over WebRTC.',
        epilog='\n'.join(
            ['commands:', *lines, '', f'{own_command("COMMAND --help")} lists its flags.']
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument('--version', action='version', version=__version__)
    found.add_argument('command', choices=COMMANDS, metavar='COMMAND', help='see below')
    return found


if __name__ == '__main__':
    sys.exit(main())
