"""Keep a source open, and deliver its pictures."""

import dataclasses
import enum
import logging
import threading
import time
from collections.abc import Callable

from webrtc_bridge.errors import SourceError, describe
from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.media.capture.reader import Reader
from webrtc_bridge.media.capture.source import OPEN_TIMEOUT, OpenSource
from webrtc_bridge.media.capture.timing import RisingTime
from webrtc_bridge.media.frames import AccessUnit, Captured, CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.redaction import without_credentials
from webrtc_bridge.program.retry import RetryDelay

STEADY = 5.0
'Seconds that a source must work before the delay starts over.'

HUNG_LIMIT = 3
'Threads that may hang in a driver before no more are started.'

JOIN_TIMEOUT = 1.8

logger = logging.getLogger(__name__)


class CameraState(enum.Enum):
    """The states of a camera: `LOST` while it is reopened."""

    CLOSED = 'closed'
    LIVE = 'live'
    LOST = 'lost'


class Camera:
    """
    Read `options.source` in a thread, and put every picture into `frames`.

    A source that fails or hangs is opened again until `close()` is called. `frames` stays open: it
    belongs to the caller.

    H.264 that viewers accept is not decoded if there is an `on_access_unit`: that gets it, in the
    reader's thread, and `frames` gets nothing. `open_source` opens another source than the one
    that the options name.

    Raises: OptionError, if `options.source` is of an unknown kind or has an impossible size.
    """

    def __init__(
        self,
        options: SourceOptions,
        frames: Latest[CapturedFrame],
        open_source: OpenSource | None = None,
        open_timeout: float = OPEN_TIMEOUT,
        on_access_unit: Callable[[AccessUnit], None] | None = None,
    ) -> None:
        self.name = without_credentials(options.source)
        self.description = self.name
        self._open_source = open_source or opener(options, passes_h264=on_access_unit is not None)
        self._open_timeout = open_timeout
        self._frames = frames
        self._on_access_unit = on_access_unit
        self._rising = RisingTime()
        self._state = CameraState.CLOSED
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._reader: Reader | None = None
        self._hung: list[Reader] = []
        self._retry = RetryDelay()
        self._live_since = 0.0
        self._thread = threading.Thread(target=self._supervise, name='camera', daemon=True)

    @property
    def state(self) -> CameraState:
        """The current state."""
        return self._state

    def open(self) -> None:
        """
        Open the source and start to read it, once. Blocks until it is open, for at most 10 s.

        Raises: SourceError, if it cannot be opened; then the camera is closed.
        """
        reader = self._start_reader()
        if reader is None:
            return
        try:
            reader.wait_opened()
        except BaseException:
            self.close()
            raise
        with self._lock:
            if not self._closed.is_set():
                self._set_state(CameraState.LIVE, reader.description)
                self._thread.start()

    def close(self) -> None:
        """Stop reading and release the source, within 2 s; idempotent."""
        self._closed.set()
        with self._lock:
            reader = self._reader
        if reader is not None:
            reader.stop()
        deadline = time.monotonic() + JOIN_TIMEOUT
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(JOIN_TIMEOUT)
        if reader is not None and not reader.join(max(0.0, deadline - time.monotonic())):
            logger.warning('camera hangs and could not be released: %s', self.name)
        self._set_state(CameraState.CLOSED)

    def _supervise(self) -> None:
        while True:
            reader = self._reader
            error = reader.wait_failure() if reader else None
            if reader is not None:
                reader.stop()
                self._hung.append(reader)
            if error is not None:
                self._lost(error)
            if self._closed.wait(self._retry.next()):
                return
            self._hung = [old for old in self._hung if not old.join(0)]
            self._reader = None
            if len(self._hung) < HUNG_LIMIT:
                self._start_reader()

    def _start_reader(self) -> Reader | None:
        """Start a new reader; return None if the camera was closed meanwhile."""
        reader = Reader(self.name, self._open_source, self._deliver, self._open_timeout)
        with self._lock:
            if self._closed.is_set():
                return None
            self._reader = reader
            reader.start()
        return reader

    def _lost(self, error: Exception) -> None:
        if self._state is CameraState.LOST:
            logger.debug('camera still lost: %s: %s', self.name, _reason(error))
            return
        if time.monotonic() - self._live_since > STEADY:
            self._retry.reset()
        self._set_state(CameraState.LOST, f'{self.name}: {_reason(error)}')

    def _deliver(self, frame: Captured) -> None:
        """Hand out `frame`, in the thread of the newest reader."""
        if self._state is CameraState.LOST:
            self._set_state(CameraState.LIVE, self._reader_description())
        capture_ns = self._rising.after(frame.capture_ns)
        if capture_ns != frame.capture_ns:
            frame = dataclasses.replace(frame, capture_ns=capture_ns)
        if isinstance(frame, CapturedFrame):
            self._frames.put(frame)
        elif self._on_access_unit:
            self._on_access_unit(frame)

    def _reader_description(self) -> str:
        reader = self._reader
        return reader.description if reader else self.name

    def _set_state(self, state: CameraState, detail: str = '') -> None:
        previous, self._state = self._state, state
        if state is previous:
            return
        if state is CameraState.LOST:
            logger.warning('camera lost, trying to open it again: %s', detail)
        elif state is CameraState.LIVE:
            self.description = detail
            self._live_since = time.monotonic()
            change = 'is back' if previous is CameraState.LOST else 'opened'
            logger.info('camera %s: %s', change, detail)
        else:
            logger.info('camera closed: %s', self.description)


def _reason(error: Exception) -> str:
    # The text of other exceptions may contain the URL with its password.
    known = isinstance(error, SourceError | OSError)
    return describe(error) if known else type(error).__name__
