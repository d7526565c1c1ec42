"""Live pictures without times, which GStreamer makes of a camera with constant RTP times."""

from collections.abc import Callable

from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.gstreamer.structures import set_pts

BELIEVED = 10
'Pictures in a row with a time after which a source is taken to stamp all.'


class ArrivalTimes:
    """
    Stamp the pictures at `pad` that have no time with the running time of their arrival.

    `running_time` returns the present one, in nanoseconds.
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
        segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
        now = segment.position_from_running_time(Gst.Format.TIME, self._running_time())
        set_pts(info, now)
        return Gst.PadProbeReturn.OK
