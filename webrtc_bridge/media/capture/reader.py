"""Open and read a source once, in a thread that may hang."""

import logging
import threading
import time
from collections.abc import Callable

from webrtc_bridge.errors import SourceError, SourceNotFound, SourceUnreadable
from webrtc_bridge.media.capture.source import OPEN_TIMEOUT, OpenSource, Source
from webrtc_bridge.media.frames import Captured

LOOK_INTERVAL = 0.5
"""
Seconds between two checks that a source still delivers. If a wait takes that much longer, the
source is not to blame: this process was stopped (SIGSTOP, a suspended laptop).
"""

logger = logging.getLogger(__name__)


class Reader:
    """
    Open a source, read it until it fails or `stop()` is called, then close it.

    Opening and reading can hang where they cannot be interrupted, in a driver's ioctl. So the
    owner of a reader waits with a deadline, calls `stop()` and leaves the thread behind: it closes
    its source when it returns from the driver, and delivers nothing more.

    `deliver` is called in the reader's thread, never after `stop()` has returned.
    """

    def __init__(
        self,
        name: str,
        open_source: OpenSource,
        deliver: Callable[[Captured], None],
        open_timeout: float = OPEN_TIMEOUT,
    ) -> None:
        self.name = name
        self.description = name
        self._open_source = open_source
        self._deliver = deliver
        self._changed = threading.Condition()
        self._opened = False
        self._stopped = False
        self._error: Exception | None = None
        self._timeout = open_timeout
        self._alive_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name='camera reader', daemon=True)

    def start(self) -> None:
        """Start the thread; once."""
        self._alive_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Deliver nothing more, and let the thread end; idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout: float) -> bool:
        """Wait for the thread up to `timeout` seconds; return whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def wait_opened(self) -> None:
        """
        Wait until the source is open, or `stop()` was called.

        Raises: the error of opening it, or SourceError if that takes too long.
        """
        error = self._wait(until_opened=True)
        if error is not None:
            raise error

    def wait_failure(self) -> Exception | None:
        """Wait until the source fails or hangs; return the error, or None after `stop()`."""
        return self._wait(until_opened=False)

    def _wait(self, until_opened: bool) -> Exception | None:
        with self._changed:
            while not self._stopped and self._error is None:
                if until_opened and self._opened:
                    return None
                remaining = self._alive_at + self._timeout - time.monotonic()
                if remaining <= 0:
                    return self._hung()
                self._wait_at_most(min(remaining, LOOK_INTERVAL))
            return None if self._stopped else self._error

    def _wait_at_most(self, seconds: float) -> None:
        start = time.monotonic()
        self._changed.wait(seconds)
        late = time.monotonic() - start - seconds
        if late > LOOK_INTERVAL:
            self._alive_at += late

    def _hung(self) -> SourceError:
        if self._opened:
            return SourceUnreadable(self.name, f'no picture for {self._timeout:g} s')
        return SourceNotFound(self.name, f'did not open within {self._timeout:g} s')

    def _run(self) -> None:
        try:
            source = self._open_source()
        except Exception as error:
            self._fail(error)
            return
        try:
            self._note_opened(source)
            while self._hand_out(source.read()):
                pass
        except Exception as error:
            self._fail(error)
        finally:
            source.close()

    def _note_opened(self, source: Source) -> None:
        with self._changed:
            self.description = source.description
            self._timeout = source.read_timeout
            self._alive_at = time.monotonic()
            self._opened = True
            self._changed.notify_all()

    def _hand_out(self, frame: Captured | None) -> bool:
        """Deliver `frame`, if there is one; return whether to continue."""
        with self._changed:
            if self._stopped:
                return False
            self._alive_at = time.monotonic()
            if frame is not None:
                self._deliver(frame)
            return True

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, SourceError):
            logger.debug('unexpected error in source %s', self.name, exc_info=error)
        with self._changed:
            self._error = error
            self._changed.notify_all()
