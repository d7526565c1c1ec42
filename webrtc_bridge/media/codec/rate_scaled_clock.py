"""Change the bit rate of libvpx while it encodes, by a clock that runs faster or slower."""

from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

LONGEST_STEP = 0.15
"""
Longest time, in seconds, that is passed on between two pictures, unless they are always farther
apart: libvpx takes the last interval for that of the pictures to come, and lets a keyframe fill
several of them. After three seconds of silence a keyframe of 640x360 at 500 kbit/s has 98 kB
without this limit, and 33 kB with it.
"""


class RateScaledClock:
    """
    The time of pictures as libvpx sees it, in ticks of the RTP clock.

    FFmpeg cannot change the bit rate of libvpx, and opening it again costs a keyframe. But libvpx
    gives each picture the bits for the time since the last one: with a clock at half speed it
    produces half as many bits in a second.
    """

    def __init__(self, fps: float) -> None:
        """Start a stream of about `fps` pictures a second."""
        self._longest = CLOCK_RATE * max(LONGEST_STEP, 2 / fps)
        self._time = 0.0
        self._last: int | None = None

    def pts(self, timestamp: int, speed: float) -> int:
        """Return the time of a picture at `timestamp`; since the last one, time ran at `speed`."""
        if self._last is not None:
            step = min(timestamp - self._last, self._longest) * speed
            self._time = max(self._time + step, int(self._time) + 1.0)
        self._last = timestamp
        return int(self._time)
