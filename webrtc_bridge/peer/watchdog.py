"""Notice that something has stopped to happen."""

import asyncio
from collections.abc import Callable


class Watchdog:
    """
    Call `on_silence` once nothing was heard for `timeout` seconds; again after the next silence.

    It starts to listen when made, in the event loop. `heard` is cheap: it only notes the time.
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

    def close(self) -> None:
        """Listen no longer; idempotent."""
        self._timeout = float('inf')
        if self._timer:
            self._timer.cancel()

    def _listen(self) -> None:
        if self._timeout < float('inf'):
            self._timer = self._loop.call_at(self._last + self._timeout, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._loop.time() - self._last < self._timeout:
            self._listen()
        else:
            self._on_silence()
