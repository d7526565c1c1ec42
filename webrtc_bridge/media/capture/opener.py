"""Choose how to open the source that `--source` names."""

import logging
import os
import re
import stat
import sys
from collections.abc import Callable
from functools import partial

from webrtc_bridge.errors import OptionError, SourceError, SourceNotFound
from webrtc_bridge.media.capture.device_source import open_avfoundation, open_v4l2
from webrtc_bridge.media.capture.file_source import FileSource
from webrtc_bridge.media.capture.network.stream_source import open_stream
from webrtc_bridge.media.capture.network.urls import is_url, local_path, normalized
from webrtc_bridge.media.capture.pattern_source import PatternSource, check_even
from webrtc_bridge.media.capture.source import OpenSource, Source
from webrtc_bridge.media.capture.v4l2 import cameras
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.redaction import without_credentials

SCHEMES = ('rtsp', 'rtsps', 'http', 'https')

EXPECTED = (
    'auto, test, a camera (/dev/video0, avfoundation:0), '
    'rtsp://, rtsps://, http:// or https://, or a video file'
)


logger = logging.getLogger(__name__)


def opener(options: SourceOptions, *, passes_h264: bool = False) -> OpenSource:
    """
    Return a function that opens `options.source` each time it is called; open nothing yet.

    With `passes_h264`, a stream or file of H.264 that viewers accept delivers access units.

    Raises: OptionError, for an unknown kind of source or an odd size of the test pattern.
    """
    source = options.source
    if source == 'auto':
        check_even(options)
        return AutoSource(options)
    if source == 'test':
        check_even(options)
        return partial(PatternSource, options)
    if is_url(source):
        url = normalized(source)
        scheme, _, rest = url.partition('://')
        if scheme == 'file' and rest:
            return partial(_open_local, local_path(url), options, passes_h264)
        if scheme not in SCHEMES:
            raise OptionError('--source', without_credentials(source), EXPECTED)
        return partial(open_stream, url, options, passes_h264)
    if not source or re.match(r'avfoundation:(?!\d+$)', source):
        raise OptionError('--source', source, EXPECTED)
    return partial(_open_local, source, options, passes_h264)


def _open_local(source: str, options: SourceOptions, passes_h264: bool) -> Source:
    if source.startswith(('avfoundation:', '/dev/')) or _is_device(source):
        return open_camera(source, options, passes_h264)
    # The scheme keeps FFmpeg from taking the name of a file for a URL.
    return FileSource(f'file:{source}', without_credentials(source), passes_h264=passes_h264)


def _is_device(path: str) -> bool:
    """Return whether `path`, or what it links to, is a device node."""
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


class AutoSource:
    """
    Open the first camera that opens (`--source auto`), or else the test pattern.

    The choice between cameras and the test pattern is made once: a camera that is unplugged must
    come back as a camera, perhaps under another number, and is not replaced by the pattern.
    """

    def __init__(
        self, options: SourceOptions, devices: Callable[[], list[str]] | None = None
    ) -> None:
        self._options = options
        self._devices = devices or local_cameras
        self._pattern: bool | None = None

    def __call__(self) -> Source:
        """
        Open a camera, or the test pattern if that was chosen the first time.

        Raises: SourceError, only if a camera was chosen before and none opens now.
        """
        if self._pattern:
            return PatternSource(self._options)
        refusals: list[SourceError] = []
        for device in self._devices():
            try:
                source = open_camera(device, self._options)
            except SourceError as error:
                refusals.append(error)
                continue
            self._pattern = False
            return source
        if self._pattern is False:
            raise refusals[0] if refusals else SourceNotFound('auto', 'no camera found')
        return self._fall_back(refusals)

    def _fall_back(self, refusals: list[SourceError]) -> Source:
        pattern = PatternSource(self._options)
        self._pattern = True
        for error in refusals:
            logger.warning('%s', error)
        logger.warning('no camera could be opened; sending the test pattern')
        return pattern


def local_cameras() -> list[str]:
    """Return the names of the cameras of this machine to try."""
    return ['avfoundation:0'] if sys.platform == 'darwin' else cameras()


def open_camera(name: str, options: SourceOptions, passes_h264: bool = False) -> Source:
    """
    Open the camera `name`: the path of a device, or `avfoundation:0`.

    With `passes_h264`, a V4L2 camera's H.264 is not decoded if viewers accept its profile.

    Raises: SourceError.
    """
    if name.startswith('avfoundation:'):
        return open_avfoundation(name.partition(':')[2], options)
    return open_v4l2(name, options, passes_h264)
