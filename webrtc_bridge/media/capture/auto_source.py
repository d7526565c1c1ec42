"""`--source auto`: the first camera that opens, else the test pattern."""

import logging
import sys
from collections.abc import Callable

from webrtc_bridge.errors import SourceError, SourceNotFound
from webrtc_bridge.media.capture.device_source import cameras, open_avfoundation, open_v4l2
from webrtc_bridge.media.capture.pattern_source import PatternSource
from webrtc_bridge.media.capture.source import Source
from webrtc_bridge.options import SourceOptions

logger = logging.getLogger(__name__)


class AutoSource:
    """
    Opens what `auto` stands for.

    The choice between cameras and the test pattern is made once: a camera that is unplugged
    must come back as a camera (perhaps under another number), and is not replaced by a pattern.
    """

    def __init__(
        self, options: SourceOptions, devices: Callable[[], list[str]] | None = None
    ) -> None:
        self._options = options
        self._devices = devices or local_cameras
        self._pattern: bool | None = None

    def __call__(self) -> Source:
        """
        Open the first camera that opens, or what was chosen the first time.

        Raises: SourceError, only when a camera was chosen before and none opens now.
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
            raise refusals[0] if refusals else SourceNotFound('auto', 'no camera is there')
        return self._fall_back(refusals)

    def _fall_back(self, refusals: list[SourceError]) -> Source:
        pattern = PatternSource(self._options)
        self._pattern = True
        for error in refusals:
            logger.warning('%s', error)
        logger.warning('no camera could be opened, sending the test pattern')
        return pattern


def local_cameras() -> list[str]:
    """Return the names of this machine's cameras that are worth a try."""
    return ['avfoundation:0'] if sys.platform == 'darwin' else cameras()


def open_camera(name: str, options: SourceOptions, passes_h264: bool = False) -> Source:
    """
    Open the camera called `name`: a device's path or `avfoundation:0`.

    With `passes_h264` a V4L2 camera's H.264 is not decoded, if it is of a profile viewers take.

    Raises: SourceError.
    """
    if name.startswith('avfoundation:'):
        return open_avfoundation(name.partition(':')[2], options)
    return open_v4l2(name, options, passes_h264)
