"""Detect that an expected event has stopped occurring."""

import asyncio
from collections.abc import Callable

TICK, STALL = 1.0, 0.5
"""
Seconds between two looks at the clock, and by how much a look is late if this process itself has
stood still (SIGSTOP, a suspended laptop).
"""


class Watchdog:
    """
    Call `on_silence` after `timeout` seconds without an event; again after the next silence.

    Time in which this process stood still does not count: the events of that time are yet to be
    read. It starts to listen when made, in the event loop. `heard` is cheap: it only notes the
    time.
    """

    def __init__(self, timeout: float, on_silence: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._on_silence = on_silence
        self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._listen()

    def heard(self) -> None:
        """Note that it happened."""
        self._last = self._loop.time()
        if self._timer is None:
            self._listen()

    def allow(self, timeout: float) -> None:
        """Allow `timeout` seconds of silence from now on."""
        self._timeout = timeout
        if self._timer:
            self._timer.cancel()
            self._listen()

    def close(self) -> None:
        """Stop listening; idempotent."""
        self._timeout = float('inf')
        if self._timer:
            self._timer.cancel()

    def _listen(self) -> None:
        if self._timeout < float('inf'):
            now = self._loop.time()
            at = min(max(now, self._last + self._timeout), now + TICK)
            self._timer = self._loop.call_at(at, self._check, at)

    def _check(self, due: float) -> None:
        self._timer = None
        now = self._loop.time()
        if now - due > STALL:
            self._last = max(self._last + now - due, now - self._timeout + STALL)
        if now - self._last < self._timeout:
            self._listen()
        else:
            self._on_silence()
