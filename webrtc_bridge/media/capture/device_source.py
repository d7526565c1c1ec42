"""Cameras of Linux (V4L2) and macOS (AVFoundation)."""

import sys
from collections.abc import Callable

from av.container import InputContainer

from webrtc_bridge.errors import SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture.av_errors import device_error
from webrtc_bridge.media.capture.av_source import (
    AvPackets,
    AvSource,
    open_container,
    picture_rate,
    video_stream,
)
from webrtc_bridge.media.capture.passing import packets_as_they_are
from webrtc_bridge.media.capture.source import READ_TIMEOUT
from webrtc_bridge.media.capture.source_clocks import DriverClock
from webrtc_bridge.media.capture.v4l2 import check_device
from webrtc_bridge.media.h264.packets import is_h264
from webrtc_bridge.media.pixels.colours import SMPTE170M
from webrtc_bridge.options import SourceOptions

V4L2_FORMATS = ('', 'mjpeg', 'h264')
"""
Tried in this order. The first leaves the choice to FFmpeg, which prefers raw pictures: nothing to
decode. Over USB 2 only small ones reach the full rate; the camera's own JPEG does at any size.
"""


def open_v4l2(path: str, options: SourceOptions, passes_h264: bool = False) -> AvSource:
    """
    Open the camera at `path` in the first format that reaches the wanted size and rate.

    With `passes_h264` it is not decoded if it is H.264 that viewers accept.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    check_device(path)

    def open_as(input_format: str) -> InputContainer:
        return _open_v4l2_as(path, input_format, options)

    return _device_source(path, in_best_format(open_as, options), passes_h264)


def in_best_format(
    open_as: Callable[[str], InputContainer], options: SourceOptions
) -> InputContainer:
    """
    Return the camera as `open_as` opens it in the first of `V4L2_FORMATS` that suffices.

    If none reaches the wanted size and rate, take the one that comes closest.

    Raises: SourceUnreadable, the error of the first format, if none opens.
    """
    best, best_reached = '', 0.0
    first_error: SourceUnreadable | None = None
    for input_format in V4L2_FORMATS:
        try:
            container = open_as(input_format)
        except SourceUnreadable as error:
            first_error = first_error or error
            continue
        reached = _reached(container, options)
        if reached >= 1.0:
            return container
        # Before the next try: a camera can be opened only once.
        container.close()
        if reached > best_reached:
            best, best_reached = input_format, reached
    if best_reached == 0.0 and first_error is not None:
        raise first_error
    return open_as(best)


def open_avfoundation(index: str, options: SourceOptions) -> AvSource:
    """
    Open camera number `index` of a Mac.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    name = f'avfoundation:{index}'
    if sys.platform != 'darwin':
        raise SourceNotFound(name, 'such cameras exist only on macOS')
    wanted = {
        'video_size': f'{options.width}x{options.height}',
        'framerate': f'{options.fps:g}',
    }
    try:
        container = _open_avfoundation_with(name, index, wanted)
    except SourceUnreadable:
        # AVFoundation refuses a size or rate that the camera lacks; every camera has 30 fps.
        container = _open_avfoundation_with(name, index, {'framerate': '30'})
    return _device_source(name, container)


def _open_avfoundation_with(name: str, index: str, wanted: dict[str, str]) -> InputContainer:
    file = f'{index}:none'
    return open_container(name, file, device_error, format='avfoundation', options=wanted)


def _open_v4l2_as(path: str, input_format: str, options: SourceOptions) -> InputContainer:
    """
    Open `path` in `input_format`; the driver chooses the nearest size and rate that it has.

    Timestamps stay those of the kernel. FFmpeg could convert them to Unix time
    (`timestamps=abs`), but gives up on the camera if they look wrong.
    """
    wanted: dict[str, str] = {
        'video_size': f'{options.width}x{options.height}',
        'framerate': f'{options.fps:g}',
        'timestamps': 'default',
        # Otherwise FFmpeg reads the first 20 pictures to guess the rate.
        'fpsprobesize': '0',
    }
    if input_format:
        wanted['input_format'] = input_format
    return open_container(path, path, device_error, format='v4l2', options=wanted)


def _reached(container: InputContainer, options: SourceOptions) -> float:
    """Return the fraction of the wanted size and rate that `container` delivers, at most 1.0."""
    stream = video_stream(container)
    rate = picture_rate(stream)
    size = min(1.0, stream.width * stream.height / (options.width * options.height))
    # Cameras report 29.97 or 25 if asked for 30; neither is worth another format.
    speed = min(1.0, rate / options.fps / 0.8) if rate else 1.0
    return size * speed


def _device_source(name: str, container: InputContainer, passes_h264: bool = False) -> AvSource:
    stream = video_stream(container)
    # FFmpeg does not read which matrix the driver names; it is this, unless the camera has a
    # descriptor that says otherwise (UVC 1.5, 3.9.2.6).
    is_raw = stream.codec_context.name == 'rawvideo' and sys.platform == 'linux'
    rate = picture_rate(stream) or 30.0
    return AvSource(
        AvPackets(name, container, device_error, max(READ_TIMEOUT, 3 / rate)),
        DriverClock(),
        passed=packets_as_they_are(name, stream) if passes_h264 and is_h264(stream) else None,
        untagged=SMPTE170M if is_raw else None,
    )
