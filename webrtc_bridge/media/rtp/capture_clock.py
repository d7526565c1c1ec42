"""Map RTP timestamps back to capture times."""

from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

NTP_EPOCH = 2_208_988_800
'Seconds from 1900, the epoch of NTP, to 1970 (RFC 3550 section 4).'

ERA = 1 << 32
'Seconds of an NTP era, of which timestamps do not tell the number (RFC 5905 section 6).'


def to_ntp(time_ns: int) -> int:
    """Return Unix time in nanoseconds as a 64-bit NTP timestamp."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return (seconds + NTP_EPOCH) % ERA << 32 | (nanoseconds << 32) // 1_000_000_000


def from_ntp(timestamp: int) -> int:
    """
    Return a 64-bit NTP timestamp as Unix time in nanoseconds.

    It is taken for one from 1968 to 2104: era 0 up to 2036, then era 1 (RFC 4330 section 3).
    """
    seconds = timestamp >> 32
    if seconds < ERA // 2:
        seconds += ERA
    seconds -= NTP_EPOCH
    return seconds * 1_000_000_000 + ((timestamp & 0xFFFFFFFF) * 1_000_000_000 >> 32)


STEP_NS = 100_000_000
"""
Nanoseconds by which a report must contradict the one before for the sender's clock to have been
set: those that pair the time of sending are off by tens of milliseconds.
"""


class CaptureClock:
    """
    The capture times of frames, by the clock of their sender.

    The reports of our senders (RTCP SR, RFC 3550 section 6.4.1) pair an RTP timestamp with the
    capture time of its frame; those of others with the time of sending, which is a little later.
    `contradicted` is whether a report has ever contradicted the one before.
    """

    def __init__(self) -> None:
        self.contradicted = False
        self._report: tuple[int, int] | None = None

    def report(self, timestamp: int, ntp_timestamp: int) -> bool:
        """
        Take a sender report: an RTP timestamp (32 bits) and its NTP time (64 bits).

        Return whether the sender's clock was set since the last one.
        """
        if not ntp_timestamp:
            return False
        time_ns, expected_ns = from_ntp(ntp_timestamp), self.time_ns(timestamp)
        self._report = (timestamp, time_ns)
        was_set = expected_ns is not None and abs(time_ns - expected_ns) > STEP_NS
        self.contradicted = self.contradicted or was_set
        return was_set

    def time_ns(self, timestamp: int) -> int | None:
        """Return the Unix time in nanoseconds of an RTP timestamp; None before a report."""
        if self._report is None:
            return None
        reported, time_ns = self._report
        ticks = (timestamp - reported + 0x80000000) % 0x100000000 - 0x80000000
        return time_ns + ticks * 1_000_000_000 // CLOCK_RATE
