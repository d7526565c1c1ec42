"""Detect that a viewer is gone without saying bye."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.peer.watchdog import Watchdog

SILENCE = 10.0
"""
Seconds without RTCP after which a viewer is gone. Reports come every second or so, from GStreamer
every five, and not at all through a link that is down for a while.
"""

SILENCE_AFTER_EXIT = 3.0
'The same once its signaling socket is gone, because then its process may have died.'

REPORTS_MISSED = 2.5
'Multiple of the longest interval between two reports that counts as silence as well.'


class ViewerWatchdog:
    """
    Call `on_silence` with the reason once a viewer stops sending RTCP.

    Losing the signaling socket alone ends nothing: a viewer that still reports is there. One that
    reports long enough afterwards has not died with its socket, and may be silent as before.
    """

    def __init__(self, on_silence: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_silence = on_silence
        self._timeout = SILENCE
        self._heard_at: float | None = None
        self._left_at: float | None = None
        self._longest = 0.0
        self._watchdog = Watchdog(SILENCE, self._on_timeout)

    def begin(self) -> None:
        """Count the silence from now on."""
        self._watchdog.heard()

    def heard(self) -> None:
        """Note an RTCP packet, whatever it says."""
        now = self._loop.time()
        if self._heard_at is not None:
            self._longest = max(self._longest, now - self._heard_at)
        self._heard_at = now
        self._watchdog.heard()
        if self._left_at is not None and now - self._left_at >= self._timeout:
            self._left_at = None
            self._allow(SILENCE)

    def left(self) -> None:
        """Be less patient: the viewer's signaling socket is gone."""
        self._left_at = self._loop.time()
        self._allow(min(SILENCE, max(SILENCE_AFTER_EXIT, REPORTS_MISSED * self._longest)))

    def close(self) -> None:
        """Stop listening; idempotent."""
        self._watchdog.close()

    def _allow(self, seconds: float) -> None:
        self._timeout = seconds
        self._watchdog.allow(seconds)

    def _on_timeout(self) -> None:
        self._on_silence(f'no feedback from the viewer for {self._timeout:.0f} s')
