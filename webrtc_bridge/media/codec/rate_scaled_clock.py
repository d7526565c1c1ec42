"""Change the bit rate of libvpx while it encodes, by a clock that runs faster or slower."""

from webrtc_bridge.media.codec.encoder_settings import VBV_SECONDS
from webrtc_bridge.media.codec.frame_rate import SLOWEST
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

LONGEST_STEP = 0.15
"""
Longest time, in seconds, that is passed on between two pictures, unless they are always farther
apart, and then up to that of `SLOWEST`: libvpx takes the last interval for that of the pictures
to come, and lets a keyframe fill several of them. After three seconds of silence a keyframe of
640x360 at 500 kbit/s has 98 kB without this limit, and 33 kB with it.
"""


LONGEST_DURATION, USUAL_INTERVAL = 10.0, 1 / 30
'Libvpx takes the second in place of more than the first (seconds; its `vp8_new_framerate`).'


def longest_step(fps: float) -> float:
    """Return the seconds that are passed on at most between two pictures of `fps` a second."""
    return min(max(LONGEST_STEP, 2 / fps), 1 / SLOWEST)


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
            longest = CLOCK_RATE * longest_step(self.fps)
            step = min(timestamp - self._last, longest) * speed
            self._time = max(self._time + step, int(self._time) + 1.0)
        self._last = timestamp
        return int(self._time)


class PictureShare:
    """
    The bits of the next picture, for a libvpx that gets the true times of pictures.

    It takes the time from end to end for that of the pictures to come. `rate` is the part of
    its bit rate that it is to have, so that a picture after a pause does not get the bits of all
    of it; `keyframe` is how many pictures' bits a keyframe may have. For one thread.
    """

    def __init__(self) -> None:
        self.rate = 1.0
        self.keyframe = 1.0
        self._end: float | None = None

    def start_over(self) -> None:
        """Expect the first picture."""
        self._end = None

    def note(self, time: float, duration: float | None, fps: float) -> bool:
        """
        Take the time of the next picture, one of `fps` a second, and its duration if it has one.

        All in seconds. Return whether a value has changed.
        """
        before = self.rate, self.keyframe
        last, self._end = self._end, time + (duration or 0.0)
        longest = longest_step(fps)
        interval = min(1 / fps, longest)
        self.rate = 1.0
        if last is None:
            interval = first_interval(duration)
        elif self._end - last > longest:
            interval, self.rate = longest, longest / (self._end - last)
        self.keyframe = VBV_SECONDS / interval
        return (self.rate, self.keyframe) != before


def first_interval(duration: float | None) -> float:
    """Return the time that libvpx takes for that of each picture at the first one."""
    if not duration:
        return 1 / CLOCK_RATE
    return duration if duration <= LONGEST_DURATION else USUAL_INTERVAL
