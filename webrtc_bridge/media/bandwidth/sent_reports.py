"""Measure round trips by answers to sender reports (RFC 3550 section 6.4.1). Reads no clock."""

from collections import deque

from webrtc_bridge.media.bandwidth.round_trip import measured

REPORTS = 4
'Sent reports that an answer may refer to: if packets wait for a second, not the newest one.'


class SentReports:
    """
    The times at which the newest reports were sent, which are monotonic, in seconds.

    An answer quotes a report's NTP time. The time that it was sent at cannot be taken from that:
    it is the time of capture, or of a clock that was set meanwhile. One thread notes, any may ask.
    """

    def __init__(self) -> None:
        self._reports: deque[tuple[int, float]] = deque(maxlen=REPORTS)

    def note(self, ntp_timestamp: int, now: float) -> None:
        """Take a report with a 64-bit NTP time that is sent at `now`."""
        self._reports.append((ntp_timestamp >> 16 & 0xFFFFFFFF, now))

    def round_trip(self, quoted: int, waited: int, now: float) -> float | None:
        """
        Return the round trip in seconds by an answer that came at `now`.

        It quotes the middle 32 bits of a report's NTP time, and says for how many 1/65536 s it
        waited. None where nothing is known, or it may have been either of two reports.
        """
        sent = [sent for report, sent in list(self._reports) if report == quoted]
        if len(sent) != 1 or not waited:
            return None
        return measured(now - sent[0] - waited / 65536)
