"""Live network streams: RTSP, and MJPEG or anything else that FFmpeg reads over HTTP."""

import enum
import time

from av.container import InputContainer
from av.format import Flags

from webrtc_bridge.errors import SourceError, SourceForbidden, SourceNotFound
from webrtc_bridge.media.capture.av_errors import stream_error
from webrtc_bridge.media.capture.av_source import AvPackets, AvSource, open_container, video_stream
from webrtc_bridge.media.capture.file_source import FileSource
from webrtc_bridge.media.capture.network.authentication import unknown_digest
from webrtc_bridge.media.capture.network.snapshot_source import SnapshotSource
from webrtc_bridge.media.capture.network.urls import ESCAPED, may_be_misread
from webrtc_bridge.media.capture.passing import packets_as_they_are
from webrtc_bridge.media.capture.source import READ_TIMEOUT, Source
from webrtc_bridge.media.capture.source_clocks import ArrivalClock
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.redaction import without_credentials

CONNECT_TIMEOUT = 5.0

SEGMENT_TIMEOUT = 15.0
'Seconds that the next segment of HLS may take; they are 2 to 10 s long.'

MD5_TIP = 'allow MD5 or Basic in its settings; FFmpeg has no others'

IMAGE_FORMATS = ('image2', 'image2pipe')

LOW_DELAY = {
    # Enough for the parameter sets; by default FFmpeg reads a second (0.97 s to open, not 0.31).
    'probesize': '131072',
    'analyzeduration': '500000',
    'fpsprobesize': '0',
    # Time in µs to wait for a UDP packet that is out of order; FFmpeg's default is 500 ms.
    'max_delay': '100000',
}
"""
FFmpeg's options for a short delay. `fflags=nobuffer` is not one of them: it discards what was read
while probing, including the first keyframe, and the picture waits for the next one (3.1 s instead
of 0.3 with a keyframe every 3 s). It saves nothing: what was read is delivered at once, and the
newest frame wins.
"""


def open_stream(url: str, options: SourceOptions, passes_h264: bool = False) -> Source:
    """
    Connect to the live stream at `url`, or to a video file on an HTTP server.

    With `passes_h264`, its H.264 is not decoded if viewers accept its profile.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    name = without_credentials(url)
    wanted = dict(LOW_DELAY)
    if url.startswith('rtsp'):
        wanted['rtsp_transport'] = options.rtsp_transport
    started = time.monotonic()

    def error_of(_: str, error: Exception) -> SourceError:
        # FFmpeg reports "invalid data" when an RTSP answer took too long.
        if time.monotonic() - started >= CONNECT_TIMEOUT:
            return SourceNotFound(name, f'no answer within {CONNECT_TIMEOUT:g} s')
        found = stream_error(name, error)
        if isinstance(found, SourceForbidden) and (algorithms := unknown_digest(url)):
            reason = f'it accepts only {algorithms} digest authentication: {MD5_TIP}'
            return SourceForbidden(name, reason)
        if not may_be_misread(url):
            return found
        return type(found)(name, f'{found.reason}; write the URL {ESCAPED}')

    container = open_container(
        name, url, error_of, options=wanted, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
    )
    # FFmpeg itself ends a read after READ_TIMEOUT; this is in case it does not.
    packets = AvPackets(name, container, stream_error, READ_TIMEOUT + 1.0)
    if url.startswith('http') and (kind := played_kind(container, packets)):
        packets.close()
        if kind is PlayedKind.PICTURE:
            return SnapshotSource(url, name, error_of)
        patience = SEGMENT_TIMEOUT if kind is PlayedKind.SEGMENTS else READ_TIMEOUT
        return FileSource(url, name, stream_error, passes_h264=passes_h264, patience=patience)
    return AvSource(
        packets,
        ArrivalClock(stamped=not made_up(container)),
        passed=packets_as_they_are(name, video_stream(container)) if passes_h264 else None,
    )


class PlayedKind(enum.Enum):
    """The kinds of video on an HTTP server that come faster than they are to be shown."""

    PICTURE = 'one picture'
    SEGMENTS = 'the segments of a live stream (RFC 8216)'
    FILE = 'a file'


def played_kind(container: InputContainer, packets: AvPackets) -> PlayedKind | None:
    """
    Return which kind `container`, with its `packets`, is.

    None stands for a live stream, which sets its own pace.
    """
    name = container.format.name
    if name in IMAGE_FORMATS or name.endswith('_pipe'):
        return PlayedKind.PICTURE
    if name == 'hls':
        return PlayedKind.SEGMENTS
    if name == 'mpjpeg':  # of cameras, which send a length that has no meaning
        return None
    # Neither a live stream nor a file that a program makes has a length (Content-Length).
    is_file = container.duration or container.size > 0 or not packets.keep_time()
    return PlayedKind.FILE if is_file else None


def made_up(container: InputContainer) -> bool:
    """Return whether the timestamps of `container` are FFmpeg's: by counting at 25 a second."""
    return Flags.no_timestamps in Flags(container.format.flags)
