"""When the numbered packets of a connection arrived, until that is reported to their sender."""

from collections.abc import Iterator

from webrtc_bridge.media.rtp.transport_feedback import TICK, TransportFeedback

SHORTEST, LONGEST = 0.05, 0.25
"""
Seconds between two reports. libwebrtc's are as far apart (remote_estimator_proxy.cc); its sender
probes a new path for 15 ms at a time.
"""

SHARE = 0.05
'The part of the bit rate that reports may take, as of all RTCP (RFC 3550, section 6.2).'

OVERHEAD = 28 + 14 + 20
"""
Bytes of a report besides its packets: IP and UDP, SRTCP's, and its own header.
"""

BYTES_PER_PACKET = 1.5
'Bytes of a report for each packet: one or two for the time, and a part of a chunk.'

MOST_PACKETS = 400
'Packets of one report, so that it fits in a datagram with three bytes for each.'

LARGEST_STEP = 4096
'Missing numbers in a row; where there are more, the sender has begun to count again.'

MOST_NUMBERS, LONGEST_PAUSE = 8192, 0x7000
'Numbers that a report covers, and `TICK`s between two packets of it: both fit in its fields.'

REMEMBERED = 0.5
"""
Seconds for which an arrival is remembered after its report. A packet that was reported missing and
comes after all is reported with all that are behind it.
"""

MOST_REMEMBERED = 8192
'Arrivals known at once: 0.5 s of 150 Mbit/s. One more, and they are forgotten.'

TICKS_PER_SECOND = round(1 / TICK)


class PacketArrivals:
    """
    Note packets, and turn them into reports for their sender.

    `interval` is the time until the next reports, in seconds. Reads no clock: `now` is monotonic.
    """

    def __init__(self) -> None:
        self.interval = SHORTEST
        self._ticks: dict[int, int] = {}  # by number, extended beyond 16 bits
        self._newest = -1
        self._oldest = self._next = self._first = 0
        self._report = 0
        self._bytes = 0
        self._reported_at: float | None = None

    def note(self, number: int, size: int, now: float) -> None:
        """Note that the packet `number`, of `size` bytes, has arrived."""
        step = (number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        is_far = not -LARGEST_STEP < step < LARGEST_STEP
        if is_far or self._newest < 0 or len(self._ticks) >= MOST_REMEMBERED:
            self._start(number)
            step = 0
        number = self._newest + step
        if number < self._oldest:
            return
        self._newest = max(self._newest, number)
        self._first = min(self._first, number)
        self._bytes += size
        self._ticks.setdefault(number, int(now * TICKS_PER_SECOND))

    def _start(self, number: int) -> None:
        self._ticks.clear()
        self._newest = self._oldest = self._next = self._first = number

    def reports(self, now: float) -> list[TransportFeedback]:
        """Return the reports about what came since the last ones, and set the next `interval`."""
        if self._first > self._newest or not self._ticks:
            return []
        self._forget(int((now - REMEMBERED) * TICKS_PER_SECOND))
        reports = list(self._since_last())
        self._next = self._first = self._newest + 1
        packets = sum(len(report.arrivals) for report in reports)
        self._set_interval(len(reports) * OVERHEAD + packets * BYTES_PER_PACKET, now)
        return reports

    def _forget(self, oldest_tick: int) -> None:
        """Forget what was reported and is older than `oldest_tick`."""
        kept = {n: t for n, t in self._ticks.items() if t >= oldest_tick or n >= self._next}
        self._ticks = kept
        self._oldest = min(min(kept, default=self._next), self._next)
        self._first = max(self._first, self._oldest)

    def _since_last(self) -> Iterator[TransportFeedback]:
        first, some = self._first, dict[int, int]()
        before = 0
        for number in sorted(n for n in self._ticks if n >= first):
            tick = self._ticks[number]
            is_full = len(some) >= MOST_PACKETS or number - first >= MOST_NUMBERS
            if some and (is_full or abs(tick - before) > LONGEST_PAUSE):
                yield self._about(first, some)
                first, some = max(some) + 1, {}
            some[number] = before = tick
        if some:  # what a duplicate is of may be forgotten
            yield self._about(first, some)

    def _about(self, first: int, ticks: dict[int, int]) -> TransportFeedback:
        """Return a report about the packets from `first` to the last of `ticks`."""
        arrivals = tuple((n & 0xFFFF, tick & 0xFFFFFFFF) for n, tick in ticks.items())
        feedback = TransportFeedback(
            first & 0xFFFF, max(ticks) + 1 - first, self._report, arrivals
        )
        self._report = (self._report + 1) & 0xFF
        return feedback

    def _set_interval(self, size: float, now: float) -> None:
        if self._reported_at is not None:
            elapsed = now - self._reported_at
            allowed = SHARE * max(1, self._bytes)  # all payloads may be empty
            self.interval = min(LONGEST, max(SHORTEST, size * elapsed / allowed))
        self._reported_at, self._bytes = now, 0
