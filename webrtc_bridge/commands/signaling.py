"""Run the signaling server, where senders and receivers find each other."""

import asyncio
import sys

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.lifetime import fast_loop
from webrtc_bridge.program.requirements import require_aiohttp


async def serve(options: SignalingOptions) -> None:
    """
    Serve until cancelled.

    Raises: ServeError where it cannot listen, OptionError where an option is wrong.
    """
    # Imported late, so that `require_aiohttp` can report that aiohttp is missing.
    from webrtc_bridge.signaling.server.server import SignalingServer

    async with SignalingServer(options):
        await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SignalingOptions,)
    return run_command(
        'webrtc_bridge signaling',
        __doc__,
        tables,
        require_aiohttp,
        serve,
        arguments,
        new_loop=fast_loop,
    )


if __name__ == '__main__':
    sys.exit(main())
