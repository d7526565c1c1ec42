"""Map capture times to RTP timestamps."""

from collections.abc import Mapping

from webrtc_bridge.media.frames import Codec, EncodedFrame, Encoding, Layer

CLOCK_RATE = 90_000
"Ticks a second of every video codec's RTP clock (RFC 6184 section 8.2.1, RFC 7741 section 6.1)."

CLOCK_STEP_NS = 1_000_000
'Nanoseconds that RTP and capture time may differ from frame to frame: rounding, not a step.'

LARGEST_STEP = 10 * CLOCK_RATE
NOMINAL_STEP = CLOCK_RATE // 30

REPEAT_STEP = 2
"""
Ticks from a picture to the same one again: 22 µs, so that its time of capture stays true without
a new report. The small layer's frame of a picture is one tick after the full one's.
"""


class RtpTime:
    """
    Map capture times to RTP timestamps that always rise.

    When a clock is set, or a recording starts again, the mapping moves instead of the timestamps:
    a receiver's decoder stops at a timestamp that steps back.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._last: int | None = None
        self._encoded_again = 0
        self._newest_ns = 0  # the time of capture of `_last`

    def timestamp(self, capture_ns: int) -> int:
        """Return the timestamp, not wrapped to 32 bits, of a frame captured at `capture_ns`."""
        ticks = capture_ns * CLOCK_RATE // 1_000_000_000
        self._newest_ns = capture_ns
        if self._last is None:
            self._offset = -ticks
        elif not 0 < ticks + self._offset - self._last <= LARGEST_STEP:
            self._offset = self._last + NOMINAL_STEP - ticks
        self._last = ticks + self._offset
        return self._last

    def encoded_again(self, capture_ns: int) -> int:
        """
        Return the timestamp of a picture that is encoded again, of a frame that was given one.

        It is a tick later, so before the next frame's, and rises as well.
        """
        timestamp = capture_ns * CLOCK_RATE // 1_000_000_000 + self._offset + 1
        self._encoded_again = max(timestamp, self._encoded_again + 1)
        return self._encoded_again

    def again(self, capture_ns: int) -> int:
        """Return the timestamp of the newest picture when it is sent once more."""
        if self._last is None or self._newest_ns != capture_ns:
            return self.timestamp(capture_ns)
        self._last += REPEAT_STEP
        return self._last


class PictureTimes:
    """
    The RTP timestamps of a picture captured at `capture_ns` in all of its encodings.

    `times` has the mapping of each codec; a `repeated` picture is sent once more.
    """

    def __init__(self, times: Mapping[Codec, RtpTime], capture_ns: int, repeated: bool) -> None:
        self._times = times
        self._capture_ns = capture_ns
        self._repeated = repeated
        self._known: dict[tuple[Codec, bool], int] = {}

    def of(self, encoding: Encoding) -> int:
        """Return the timestamp, not wrapped to 32 bits, in `encoding`."""
        codec, layer, bridge = encoding
        if (codec, bridge) not in self._known:
            self._known[codec, bridge] = self._next(self._times[codec], bridge)
        # A viewer that changes layers may get the same picture in both, but never two frames with
        # one timestamp.
        return self._known[codec, bridge] + (1 if layer is Layer.SMALL else 0)

    def _next(self, times: RtpTime, bridge: bool) -> int:
        if bridge:
            return times.encoded_again(self._capture_ns)
        return (times.again if self._repeated else times.timestamp)(self._capture_ns)


def tells_another_time(before: EncodedFrame, frame: EncodedFrame) -> bool:
    """Return whether RTP time no longer matches capture time: a clock or a source changed."""
    ticks = (frame.timestamp - before.timestamp) & 0xFFFFFFFF
    elapsed_ns = ticks * 1_000_000_000 // CLOCK_RATE
    return abs(elapsed_ns - (frame.time_ns - before.time_ns)) > CLOCK_STEP_NS
