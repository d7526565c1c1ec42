"""From the text of `--source` to what opens it."""

import os
import re
import stat
from functools import partial

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.capture.auto_source import AutoSource, open_camera
from webrtc_bridge.media.capture.file_source import FileSource
from webrtc_bridge.media.capture.pattern_source import PatternSource, check_even
from webrtc_bridge.media.capture.source import OpenSource, Source
from webrtc_bridge.media.capture.stream_source import open_stream
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.redaction import without_credentials

SCHEMES = ('rtsp', 'rtsps', 'http', 'https')

EXPECTED = (
    'auto, test, a camera (/dev/video0, avfoundation:0), '
    'rtsp://, rtsps://, http:// or https://, or a video file'
)


def opener(options: SourceOptions, *, passes_h264: bool = False) -> OpenSource:
    """
    Return what opens `options.source`, as often as it is called; opens nothing yet.

    With `passes_h264` a stream or file of H.264 that viewers take delivers access units.

    Raises: OptionError, for a source of no known kind or an odd size of the test pattern.
    """
    source = options.source
    if source == 'auto':
        check_even(options)
        return AutoSource(options)
    if source == 'test':
        check_even(options)
        return partial(PatternSource, options)
    if re.match(r'[A-Za-z][A-Za-z0-9+.-]*://', source):
        scheme, _, rest = source.partition('://')
        if scheme.lower() == 'file' and rest:
            return partial(_open_local, rest, options, passes_h264)
        if scheme.lower() not in SCHEMES:
            raise OptionError('source', without_credentials(source), EXPECTED)
        return partial(open_stream, source, options, passes_h264)
    if not source or re.match(r'avfoundation:(?!\d+$)', source):
        raise OptionError('source', source, EXPECTED)
    return partial(_open_local, source, options, passes_h264)


def _open_local(source: str, options: SourceOptions, passes_h264: bool) -> Source:
    if source.startswith(('avfoundation:', '/dev/')) or _is_device(source):
        return open_camera(source, options, passes_h264)
    # The scheme keeps FFmpeg from reading a URL into a file's name.
    return FileSource(f'file:{source}', without_credentials(source), passes_h264=passes_h264)


def _is_device(path: str) -> bool:
    """Return whether `path`, perhaps a link somewhere, is a device node."""
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False
