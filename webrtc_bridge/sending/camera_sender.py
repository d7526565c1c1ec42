"""A camera, a stream, a file or the test pattern as a sender."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.cancellation import finish
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.sending.sender import Sender


async def serve_camera(
    sender_options: SenderOptions,
    source: SourceOptions,
    encoder: EncoderOptions,
    on_open: Callable[[], None] = lambda: None,
) -> None:
    """
    Serve the camera `source` to all receivers that ask, until cancelled.

    `on_open` is called once the camera is open.

    Raises: SourceError if it cannot be opened, OptionError if an option is wrong.
    """
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
        await finish(asyncio.to_thread(camera.close))
        await finish(asyncio.to_thread(passthrough.close))
