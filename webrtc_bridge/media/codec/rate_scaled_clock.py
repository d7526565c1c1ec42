"""How libvpx is told another bit rate while it encodes: by a clock that goes faster or slower."""

from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

LONGEST_STEP = 0.15
"""
Seconds since the last picture that are told at most, unless there is always more between two:
libvpx takes it for the interval of the pictures to come, of which a keyframe may fill several.
Without, one of 640x360 at 500 kbit/s has 98 kB after three seconds of silence, and 33 with.
"""


class RateScaledClock:
    """
    The time of pictures as libvpx is to see it, in ticks of the RTP clock.

    FFmpeg cannot change the bit rate of libvpx, and opening it anew costs a keyframe. But libvpx
    gives each picture as many bits as belong to the time since the last one: with a clock that
    goes at half speed it makes half as many in a second.
    """

    def __init__(self, fps: float) -> None:
        """Begin a stream of about `fps` pictures a second."""
        self._longest = CLOCK_RATE * max(LONGEST_STEP, 2 / fps)
        self._time = 0.0
        self._last: int | None = None

    def pts(self, timestamp: int, speed: float) -> int:
        """Return when a picture of `timestamp` is; since the last one, time went at `speed`."""
        if self._last is not None:
            step = min(timestamp - self._last, self._longest) * speed
            self._time = max(self._time + step, int(self._time) + 1.0)
        self._last = timestamp
        return int(self._time)
