"""Send a camera, a stream, a file or a test pattern over WebRTC, from a machine without ROS."""

import sys

from webrtc_bridge.options import CamerasOptions, EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require_aiortc


async def send(
    sender: SenderOptions, source: SourceOptions, encoder: EncoderOptions, cameras: CamerasOptions
) -> None:
    """
    Serve one camera, or those of the file of cameras, until cancelled.

    Raises: SourceError if none can be opened, OptionError if an option is wrong.
    """
    # Imported only now: without aiortc, `require_aiortc` names it first.
    from webrtc_bridge.sending.several_cameras import run

    await run(sender, source, encoder, cameras)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SenderOptions, SourceOptions, EncoderOptions, CamerasOptions)
    return run_command('webcam_sender', __doc__, tables, require_aiortc, send, arguments)


if __name__ == '__main__':
    sys.exit(main())
