"""Measure a received stream."""

from collections import deque
from dataclasses import dataclass

from webrtc_bridge.receiving.selection import StreamState

WINDOW = 300
'Number of newest latencies for the percentiles: 10 s at 30 fps.'

FREEZE_WINDOW = 30
FREEZE_FACTOR, FREEZE_MARGIN = 3.0, 0.15
"""
A freeze is a wait of three mean intervals, and at least 150 ms more than the mean of the newest 30
(`freezeCount` of https://www.w3.org/TR/webrtc-stats/).
"""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """
    Statistics at one moment; rates and loss are since the previous report.

    `silence` is the seconds since the newest frame. `dropped` counts frames that were not shown
    because newer ones had come, `skipped` the lost packets that were given up for a keyframe.
    Times ending in `_ms` are in milliseconds, latencies from capture until the picture was handed
    on. None is unknown.
    """

    state: StreamState
    sender_id: str = ''
    silence: float | None = None
    codec: str = ''
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate: float = 0.0
    loss: float = 0.0
    round_trip_ms: float | None = None
    path: str = ''
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    dropped: int = 0
    skipped: int = 0
    freezes: int = 0
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float | None = None
    stamp_fallbacks: int = 0


class StreamMeter:
    """Count frames, bytes, packets, freezes and delays; times are in seconds, monotonic."""

    def __init__(self) -> None:
        self.codec = ''
        self.width = 0
        self.height = 0
        self.freezes = 0
        self.newest: float | None = None
        self._frames = 0
        self._bytes = 0
        self._intervals: deque[float] = deque(maxlen=FREEZE_WINDOW)
        self._latencies: deque[float] = deque(maxlen=WINDOW)
        self._last: tuple[float, int, int] | None = None
        self._packets = (0, 0)

    def frame(self, codec: str, size: int, now: float) -> None:
        """Count an encoded frame of `size` bytes that arrived at `now`."""
        self.codec = codec
        self._frames += 1
        self._bytes += size
        if self.newest is not None:
            self._note_interval(now - self.newest)
        self.newest = now

    def resume(self, now: float) -> None:
        """Count no freeze up to `now`: there were no frames because nobody wanted any."""
        self.newest = now

    def picture(self, width: int, height: int, latency_ns: int | None) -> None:
        """Count a picture that was handed on `latency_ns` after its capture; from any thread."""
        self.width, self.height = width, height
        if latency_ns is not None:
            self._latencies.append(latency_ns / 1e6)

    def rates(self, now: float) -> tuple[float, float]:
        """Return frames and bits per second since the previous call."""
        frames, size = self._frames, self._bytes
        last, self._last = self._last, (now, frames, size)
        if last is None or now <= last[0]:
            return 0.0, 0.0
        seconds = now - last[0]
        return (frames - last[1]) / seconds, (size - last[2]) * 8 / seconds

    def loss(self, received: int, lost: int) -> float:
        """Return the share of packets lost since the previous call; takes the totals."""
        before, self._packets = self._packets, (received, lost)
        newly_lost = max(0, lost - before[1])
        return newly_lost / max(1, received - before[0] + newly_lost)

    def latency_ms(self, part: float) -> float | None:
        """Return the latency that the share `part` (0 to 1) of the newest pictures stay below."""
        latencies = sorted(self._latencies.copy())
        return latencies[int(part * (len(latencies) - 1))] if latencies else None

    def _note_interval(self, interval: float) -> None:
        if len(self._intervals) == FREEZE_WINDOW:
            mean = sum(self._intervals) / FREEZE_WINDOW
            if interval > max(FREEZE_FACTOR * mean, mean + FREEZE_MARGIN):
                self.freezes += 1
        self._intervals.append(interval)
