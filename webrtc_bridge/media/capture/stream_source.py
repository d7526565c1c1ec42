"""Live network streams: RTSP, and MJPEG or anything else that FFmpeg reads over HTTP."""

import time

from webrtc_bridge.errors import SourceError, SourceNotFound
from webrtc_bridge.media.capture.av_errors import stream_error
from webrtc_bridge.media.capture.av_source import AvSource, open_container
from webrtc_bridge.media.capture.file_source import FileSource
from webrtc_bridge.media.capture.source import READ_TIMEOUT, Source
from webrtc_bridge.media.capture.timing import ArrivalClock
from webrtc_bridge.media.h264.packets import packets_to_pass
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.redaction import without_credentials

CONNECT_TIMEOUT = 5.0

LOW_DELAY = {
    # Enough to see the parameter sets; the defaults watch for a second (0.97 s to open, not 0.31).
    'probesize': '131072',
    'analyzeduration': '500000',
    'fpsprobesize': '0',
    # How long to wait for a UDP packet that comes out of order, in µs; FFmpeg's own is 500 ms.
    'max_delay': '100000',
}
"""
`fflags=nobuffer` is not among them: it throws away what was read while probing, so the first
keyframe, and the picture then waits for the next one (3.1 s instead of 0.3 with a keyframe each
3 s). It saves nothing: what was read is delivered at once, and the newest frame wins.
"""


def open_stream(url: str, options: SourceOptions, passes_h264: bool = False) -> Source:
    """
    Connect to the live stream at `url`, or to a video file that an HTTP server has.

    With `passes_h264` its H.264 is not decoded, if it is of a profile that viewers take.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    name = without_credentials(url)
    wanted = dict(LOW_DELAY)
    if url.startswith('rtsp'):
        wanted['rtsp_transport'] = options.rtsp_transport
    started = time.monotonic()

    def error_of(_: str, error: Exception) -> SourceError:
        # FFmpeg says "invalid data" when it was told to stop waiting for an RTSP answer.
        if time.monotonic() - started >= CONNECT_TIMEOUT:
            return SourceNotFound(name, f'no answer within {CONNECT_TIMEOUT:g} s')
        return stream_error(name, error)

    container = open_container(
        name, url, error_of, options=wanted, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
    )
    if url.startswith('http') and container.duration:
        # Only a file knows how long it is; its server sends it as fast as it can.
        container.close()
        return FileSource(url, name, stream_error, passes_h264=passes_h264)
    clock = ArrivalClock()
    return AvSource(
        name,
        container,
        lambda stamp: clock.capture_ns(stamp, time.time_ns()),
        stream_error,
        # FFmpeg ends a read after READ_TIMEOUT by itself; this is for when it does not.
        read_timeout=READ_TIMEOUT + 1.0,
        passed=packets_to_pass(name, container.streams.video[0]) if passes_h264 else None,
    )
