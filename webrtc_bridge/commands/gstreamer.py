"""Send any source of GStreamer over WebRTC, encoded by hardware where possible."""

import logging
import os
import sys

from webrtc_bridge.options import GStreamerOptions, SenderOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require

JOIN_TIMEOUT = 0.4
"Seconds at the end for GStreamer's last threads; a driver that hangs ends with the process."


def require_all() -> None:
    """
    Check the libraries; aiortc is not needed.

    Raises: RequirementError.
    """
    require('websockets')
    # Imported only now: it initialises GStreamer, where there is one.
    from webrtc_bridge.gstreamer.library import require_gstreamer

    require_gstreamer()


async def send(options: SenderOptions, gstreamer: GStreamerOptions) -> None:
    """Serve the source to all receivers that ask, until cancelled. Raises: WebrtcBridgeError."""
    from webrtc_bridge.gstreamer.sender import run

    await run(options, gstreamer)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SenderOptions, GStreamerOptions)
    status = run_command('gstreamer_sender', __doc__, tables, require_all, send, arguments)
    from webrtc_bridge.gstreamer.library import join_threads

    if not join_threads(JOIN_TIMEOUT):
        logging.shutdown()
        os._exit(status)
    return status


if __name__ == '__main__':
    sys.exit(main())
