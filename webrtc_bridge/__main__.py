"""The command `webrtc_bridge`: what can be run without ROS, as subcommands."""

import argparse
import importlib
import sys

from webrtc_bridge import __version__

COMMANDS = {
    'signaling': 'serve signaling, where senders and receivers meet',
    'webcam': 'send a camera, stream, file or test pattern',
    'gstreamer': 'send what GStreamer opens, encoded by hardware',
    'token': 'make a token, or a secret, for the signaling server',
    'certificate': 'make a certificate for the signaling server',
    'doctor': 'say what stands between this machine and a camera',
    'demo': 'run everything on this machine, up to a ROS topic',
}
'What each subcommand does; it is `main` of the module of its name in `commands`.'


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand that `arguments` start with; return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    command = parser().parse_args(given[:1]).command
    # Imported only now: a library that is missing concerns the subcommand that needs it.
    module = importlib.import_module(f'webrtc_bridge.commands.{command}')
    status: int = module.main(given[1:])
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the subcommand's name; its flags are its own program's."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}}  {summary}' for name, summary in COMMANDS.items()]
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
