"""Send a camera, a stream, a file or a test pattern over WebRTC, from a machine without ROS."""

import asyncio
import sys

from webrtc_bridge.command_line import run_command
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.requirements import require_aiortc


async def send(
    sender_options: SenderOptions, source: SourceOptions, encoder: EncoderOptions
) -> None:
    """
    Serve the camera `source` to all receivers that ask, until cancelled.

    Raises: SourceError where it cannot be opened, OptionError where an option is wrong.
    """
    # Imported only now: `require_aiortc` has something to say before aiortc is imported.
    from webrtc_bridge.media.camera import Camera
    from webrtc_bridge.media.captured_frame import CapturedFrame
    from webrtc_bridge.media.latest import Latest
    from webrtc_bridge.sender import Sender

    frames: Latest[CapturedFrame] = Latest()
    sender = Sender(sender_options, encoder, frames, source.fps)
    camera = Camera(source, frames)
    try:
        await asyncio.to_thread(camera.open)
        await sender.run()
    finally:
        await asyncio.to_thread(camera.close)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SenderOptions, SourceOptions, EncoderOptions)
    return run_command('webcam_sender', __doc__, tables, require_aiortc, send, arguments)


if __name__ == '__main__':
    sys.exit(main())
