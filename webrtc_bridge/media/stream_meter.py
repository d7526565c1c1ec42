"""How a received stream is doing."""

from collections import deque
from dataclasses import dataclass

WINDOW = 300
'Newest latencies that the percentiles are taken of: 10 s at 30 fps.'


@dataclass(frozen=True, slots=True)
class StreamReport:
    """
    One moment's numbers, rates since the report before.

    `state` is `waiting`, `connecting`, `receiving` or `stale`; latencies are in milliseconds from
    capture until the picture was handed out, None where the time of capture is not known.
    """

    state: str
    sender_id: str = ''
    codec: str = ''
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate: float = 0.0
    packets_received: int = 0
    packets_lost: int = 0
    latency_p50: float | None = None
    latency_p95: float | None = None
    dropped: int = 0


class StreamMeter:
    """Counts frames, bytes and delays. One thread counts each; any thread may read."""

    def __init__(self) -> None:
        self.width = 0
        self.height = 0
        self._frames = 0
        self._bytes = 0
        self._latencies: deque[float] = deque(maxlen=WINDOW)
        self._last: tuple[float, int, int] | None = None

    def frame(self, size: int) -> None:
        """Count an encoded frame of `size` bytes."""
        self._frames += 1
        self._bytes += size

    def picture(self, width: int, height: int, latency_ns: int | None) -> None:
        """Count a picture that was handed out, `latency_ns` after its capture."""
        self.width, self.height = width, height
        if latency_ns is not None:
            self._latencies.append(latency_ns / 1e6)

    def rates(self, now: float) -> tuple[float, float]:
        """Return frames and bits a second since the last call; `now` is in seconds."""
        frames, size = self._frames, self._bytes
        last, self._last = self._last, (now, frames, size)
        if last is None or now <= last[0]:
            return 0.0, 0.0
        seconds = now - last[0]
        return (frames - last[1]) / seconds, (size - last[2]) * 8 / seconds

    def latency(self, part: float) -> float | None:
        """Return the latency, in milliseconds, that `part` (0 to 1) of the pictures stay below."""
        latencies = sorted(self._latencies)
        return latencies[int(part * (len(latencies) - 1))] if latencies else None
