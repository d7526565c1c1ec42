"""The time of recordings, which begins anywhere and may jump."""

import logging

from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.capture.timing import PlayTime

INTERVAL = 0.04
'Seconds between two pictures, before that is known.'

logger = logging.getLogger(__name__)


class RecordingTime:
    """
    Let the recording at `pad`, called `name`, start at the running time `start_ns`.

    Where its timestamps jump, the next picture follows as any other, and that is logged once.
    """

    def __init__(self, pad: Pad, start_ns: int, name: str) -> None:
        self._start_ns = start_ns
        self._name = name
        self._play_time = PlayTime(INTERVAL)
        self._first_shift: float | None = None
        self._shift = 0.0
        self._jump_logged = False
        pad.set_offset(start_ns)
        pad.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)

    def _on_picture(self, pad: Pad, info: Element) -> object:
        pts = info.get_buffer().pts
        if pts != Gst.CLOCK_TIME_NONE:
            self._play_time.position(pts / Gst.SECOND)
            self._follow(pad, self._play_time.shift)
        return Gst.PadProbeReturn.OK

    def _follow(self, pad: Pad, shift: float) -> None:
        if self._first_shift is None:
            self._first_shift = self._shift = shift
        if shift != self._shift:
            self._shift = shift
            pad.set_offset(self._start_ns + round((shift - self._first_shift) * Gst.SECOND))
        if self._play_time.jump and not self._jump_logged:
            self._jump_logged = True
            jump = self._play_time.jump
            logger.info('%s: its timestamps jump by %.1f s; playing on', self._name, jump)
