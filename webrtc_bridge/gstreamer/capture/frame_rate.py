"""The frame rate of a source's pictures, and what to do where its caps tell nonsense."""

import time
from collections.abc import Callable

from webrtc_bridge.gstreamer.library import Element, Gst, Pad, Structure
from webrtc_bridge.media.capture.timing import HIGHEST_RATE

MEASURED_PICTURES = 10
MEASURED_SECONDS = 1.0

WITH_RATE = 'capssetter join=false caps=video/x-raw,framerate={}/1'
'Describes the element that puts a rate into caps.'


def is_absurd(fps: float) -> bool:
    """Return whether no source has `fps` pictures a second."""
    return fps > HIGHEST_RATE


def declared_rate(structure: Structure) -> float | None:
    """Return the rate of the pictures in caps; None if they don't tell it."""
    found, numerator, denominator = structure.get_fraction('framerate')
    return numerator / denominator if found and numerator and denominator else None


class RateMeasurement:
    """Measure a frame rate by the times of pictures. For one thread."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._count = 0

    def add(self, seconds: float) -> float | None:
        """Count a picture of the time `seconds`; return the rate as soon as it is known."""
        if self._first is None or seconds <= self._first:
            self._first, self._count = seconds, 0
            return None
        self._count += 1
        elapsed = seconds - self._first
        known = self._count >= MEASURED_PICTURES or elapsed >= MEASURED_SECONDS
        return self._count / elapsed if known else None


def measure_rate(pad: Pad, then: Callable[[float], None]) -> None:
    """Drop the pictures of `pad` until their rate is known, and call `then` with it."""
    measurement = RateMeasurement()

    def on_picture(_: Pad, info: Element) -> object:
        pts = info.get_buffer().pts
        seconds = time.monotonic() if pts == Gst.CLOCK_TIME_NONE else pts / Gst.SECOND
        rate = measurement.add(seconds)
        if rate is None:
            return Gst.PadProbeReturn.DROP
        then(rate)
        return Gst.PadProbeReturn.REMOVE

    pad.add_probe(Gst.PadProbeType.BUFFER, on_picture)
