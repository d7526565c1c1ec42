"""Change the bit rate of libvpx while it encodes, by a clock that runs faster or slower."""

from webrtc_bridge.media.codec.frame_rate import SLOWEST
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

LONGEST_STEP = 0.15
"""
Longest time, in seconds, that is passed on between two pictures, unless they are always farther
apart, and then up to that of `SLOWEST`: libvpx takes the last interval for that of the pictures
to come, and lets a keyframe fill several of them. After three seconds of silence a keyframe of
640x360 at 500 kbit/s has 98 kB without this limit, and 33 kB with it.
"""


class RateScaledClock:
    """
    The time of pictures as libvpx sees it, in ticks of the RTP clock.

    FFmpeg cannot change the bit rate of libvpx, and opening it again costs a keyframe. But libvpx
    gives each picture the bits for the time since the last one: with a clock at half speed it
    produces half as many bits in a second. `fps` is the rate of the pictures, and may change.
    """

    def __init__(self, fps: float) -> None:
        """Start a stream of about `fps` pictures a second."""
        self.fps = fps
        self._time = 0.0
        self._last: int | None = None

    def pts(self, timestamp: int, speed: float) -> int:
        """Return the time of a picture at `timestamp`; since the last one, time ran at `speed`."""
        if self._last is not None:
            longest = CLOCK_RATE * min(max(LONGEST_STEP, 2 / self.fps), 1 / SLOWEST)
            step = min(timestamp - self._last, longest) * speed
            self._time = max(self._time + step, int(self._time) + 1.0)
        self._last = timestamp
        return int(self._time)
