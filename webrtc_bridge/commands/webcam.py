"""Send a camera, a stream, a file or a test pattern over WebRTC, from a machine without ROS."""

import asyncio
import sys
from collections.abc import Callable

from webrtc_bridge.options import CamerasOptions, EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.program.requirements import require_aiortc


async def send(
    sender_options: SenderOptions,
    source: SourceOptions,
    encoder: EncoderOptions,
    on_open: Callable[[], None] = lambda: None,
) -> None:
    """
    Serve the camera `source` to all receivers that ask, until cancelled.

    `on_open` is called once the camera is open.

    Raises: SourceError where it cannot be opened, OptionError where an option is wrong.
    """
    # Imported only now: `require_aiortc` has something to say before aiortc is imported.
    from webrtc_bridge.media.capture.camera import Camera
    from webrtc_bridge.media.frames import CapturedFrame
    from webrtc_bridge.media.latest import Latest
    from webrtc_bridge.sending.sender import Sender

    frames: Latest[CapturedFrame] = Latest()
    sender = Sender(sender_options, encoder, frames, source.fps)
    passthrough = sender.passthrough(without_credentials(source.source), frames.put)
    # Nobody could be shown what is passed through if VP8 is all that is offered.
    on_access_unit = None if encoder.codec == 'vp8' else passthrough.put
    camera = Camera(source, frames, on_access_unit=on_access_unit)
    try:
        await asyncio.to_thread(camera.open)
        on_open()
        await sender.run()
    finally:
        await asyncio.to_thread(camera.close)
        await asyncio.to_thread(passthrough.close)


async def send_cameras(
    sender: SenderOptions, source: SourceOptions, encoder: EncoderOptions, cameras: CamerasOptions
) -> None:
    """
    Serve one camera, or those of the file of cameras, until cancelled.

    Raises: SourceError where none can be opened, OptionError where an option is wrong.
    """
    if not cameras.cameras:
        await send(sender, source, encoder)
        return
    from webrtc_bridge.commands.cameras_file import read_cameras
    from webrtc_bridge.commands.several_cameras import serve_all

    await serve_all(read_cameras(cameras.cameras, sender, source, encoder), send)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    tables = (SenderOptions, SourceOptions, EncoderOptions, CamerasOptions)
    return run_command('webcam_sender', __doc__, tables, require_aiortc, send_cameras, arguments)


if __name__ == '__main__':
    sys.exit(main())
