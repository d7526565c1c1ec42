"""Check all that video needs to reach this machine: server, token, ICE servers, a session."""

import sys

from webrtc_bridge.options import DoctorOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require


async def examine(options: DoctorOptions) -> None:
    """
    Print a line for each check.

    Raises: FindingsError if any failed.
    """
    # Imported only now: if a library is missing, `check_requirements` names it first.
    from webrtc_bridge.doctor import examination

    await examination.examine(options, lambda line: print(line, flush=True))


def check_requirements() -> None:
    """Check the libraries, before anything imports them. Raises: RequirementError."""
    require('aiortc', 'aioice', 'av', 'websockets', 'aiohttp')


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run_command(
        'webrtc_bridge doctor',
        __doc__,
        (DoctorOptions,),
        check_requirements,
        examine,
        arguments,
        log_level='error',
    )


if __name__ == '__main__':
    sys.exit(main())
