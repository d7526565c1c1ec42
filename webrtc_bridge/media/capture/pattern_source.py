"""The test pattern as a source: `--source test`."""

import time

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.capture.source import READ_TIMEOUT
from webrtc_bridge.media.capture.timing import Pace
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.options import SourceOptions


def check_even(options: SourceOptions) -> None:
    """
    Refuse a size that encoders of 4:2:0 video cannot take.

    Raises: OptionError.
    """
    for name in ('width', 'height'):
        value = getattr(options, name)
        if value % 2:
            raise OptionError(name, value, 'an even number of pixels for the test pattern')


class PatternSource:
    """
    The test pattern in real time, with the time of its drawing as capture time.

    Raises: OptionError, for an odd width or height.
    """

    read_timeout = READ_TIMEOUT

    def __init__(self, options: SourceOptions) -> None:
        check_even(options)
        self.description = f'test pattern {options.width}x{options.height} at {options.fps:g} fps'
        self._pattern = Pattern(options.width, options.height)
        self._interval = 1 / options.fps
        # Pictures that are late are left out, not caught up with in a burst.
        self._pace = Pace(tolerance=self._interval)
        self._count = 0

    def read(self) -> CapturedFrame | None:
        """Wait for the next picture and draw it; return None if it is not due soon."""
        if not self._pace.wait(self._count * self._interval):
            return None
        self._count += 1
        # Whole microseconds, so that the clock in the picture shows exactly this.
        capture_ns = time.time_ns() // 1000 * 1000
        return CapturedFrame(self._pattern.draw(capture_ns), capture_ns)

    def close(self) -> None:
        """Do nothing; there is nothing to release."""
