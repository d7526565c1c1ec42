"""The times of live pictures: by the clock of a network camera, or of their arrival."""

from collections.abc import Callable

from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.gstreamer.structures import set_pts
from webrtc_bridge.media.capture.source_clocks import MAXIMUM_AGE_NS, ArrivalClock
from webrtc_bridge.media.wall_clock import Now

BELIEVED = 10
'Pictures in a row with a time after which a source is taken to stamp all.'


class ArrivalTimes:
    """
    Stamp the pictures at `pad` that have no time with the running time of their arrival.

    GStreamer makes such pictures of a camera with constant RTP times. `running_time` returns the
    present one, in nanoseconds.
    """

    def __init__(self, pad: Pad, running_time: Callable[[], int]) -> None:
        self._running_time = running_time
        self._stamped = 0
        pad.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)

    def _on_picture(self, pad: Pad, info: Element) -> object:
        if info.get_buffer().pts != Gst.CLOCK_TIME_NONE:
            self._stamped += 1
            done = self._stamped == BELIEVED
            return Gst.PadProbeReturn.REMOVE if done else Gst.PadProbeReturn.OK
        self._stamped = 0
        stamp(pad, info, self._running_time())
        return Gst.PadProbeReturn.OK


class CameraTimes:
    """
    Translate the camera's times of the frames at `pad`, which start anywhere, to running time.

    By the rule that `webcam_sender` has for network cameras: it keeps the intervals between
    pictures, also where B-frames come out of order, and follows a camera's clock that drifts.
    """

    def __init__(
        self, pad: Pad, running_time: Callable[[], int], read_clocks: Callable[[], Now] = Now.read
    ) -> None:
        self._running_time = running_time
        self._read_clocks = read_clocks
        self._clock = ArrivalClock()
        # The segment starts with the first packet; frames may be older than that.
        pad.set_offset(-MAXIMUM_AGE_NS)
        pad.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)

    def _on_frame(self, pad: Pad, info: Element) -> object:
        pts = info.get_buffer().pts
        known = None if pts == Gst.CLOCK_TIME_NONE else pts
        now = self._read_clocks()
        self._clock.arrived(known, now)
        age = now.unix_ns - self._clock.capture_ns(known, now)
        stamp(pad, info, max(0, self._running_time() - age) + MAXIMUM_AGE_NS)
        return Gst.PadProbeReturn.OK


class RisingTimes:
    """
    Drop the pictures at `pad` whose time is not after that of all others, which encoders lose.

    A B-frame may be one, when the P-frame before it was the first to arrive with less delay.
    """

    def __init__(self, pad: Pad) -> None:
        self._newest = -1
        pad.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)

    def _on_picture(self, _: Pad, info: Element) -> object:
        pts = info.get_buffer().pts
        if pts <= self._newest:
            return Gst.PadProbeReturn.DROP
        self._newest = pts
        return Gst.PadProbeReturn.OK


def stamp(pad: Pad, info: Element, running_time: int) -> None:
    """Give the buffer of a probe's `info` this running time, in the segment of `pad`."""
    segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
    set_pts(info, segment.position_from_running_time(Gst.Format.TIME, running_time))
