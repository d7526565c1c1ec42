"""Open a source, and open it again whenever it is lost."""

import asyncio
import enum
import functools
import logging
from collections.abc import Callable
from typing import Protocol

from webrtc_bridge.errors import SourceError, SourceNotFound
from webrtc_bridge.gstreamer.capture.capture import Capture
from webrtc_bridge.gstreamer.capture.encoders import EncoderKind
from webrtc_bridge.gstreamer.capture.source import SourceDescription, check_device
from webrtc_bridge.gstreamer.library import in_thread, post
from webrtc_bridge.program.cancellation import end, within
from webrtc_bridge.program.long_tasks import keep_running
from webrtc_bridge.program.retry import RetryDelay

START_TIMEOUT = 10.0
'Seconds that a source has for its first picture.'

STEADY = 1.5
'Seconds that a source has to be live for the next loss to count as its first.'

logger = logging.getLogger(__name__)


class SourceState(enum.Enum):
    """The states of a source."""

    CLOSED = 'closed'
    LIVE = 'live'
    LOST = 'lost'


class CaptureHost(Protocol):
    """The pipeline that captures become a part of. Belongs to the event loop."""

    def attach(self, capture: Capture) -> None:
        """Take in a new capture, which is started then."""

    async def detach(self, capture: Capture) -> None:
        """Stop a capture and take it out, in limited time."""

    def on_bitrate(self, bitrate: int) -> None:
        """Take the highest bit rate (bit/s) of what the capture encodes, 0 if nothing is."""

    def on_back(self) -> None:
        """Note that a lost source is live again."""


class SourceSupervisor:
    """
    Keep a capture of `source` in `host`. Belongs to the event loop.

    `bitrate` (bit/s) is the highest of its encoders; 0 takes what the size asks for.
    """

    def __init__(self, source: SourceDescription, bitrate: int, host: CaptureHost) -> None:
        self._source = source
        self._bitrate = bitrate
        self._host = host
        self._state = SourceState.CLOSED
        self._attempt: _Attempt | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def capture(self) -> Capture | None:
        """The capture in the pipeline; None while the source is lost."""
        return self._attempt.capture if self._attempt else None

    async def start(self, kind: EncoderKind) -> None:
        """
        Open the source, with encoders of `kind`, and supervise it from then on.

        Raises: SourceError if it delivers nothing, RequirementError if an element is missing.
        """
        await self._open(kind)
        self._set_state(SourceState.LIVE)
        supervise = functools.partial(self._supervise, kind)
        self._task = asyncio.create_task(keep_running('the supervision of the source', supervise))

    def fail(self, error: SourceError) -> None:
        """Note that an element of the capture failed."""
        if self._attempt:
            self._attempt.fail(error)

    async def close(self) -> None:
        """Open the source no longer; idempotent. The capture stays where it is."""
        await end(self._task)
        self._set_state(SourceState.CLOSED)

    async def _open(self, kind: EncoderKind) -> '_Attempt':
        check_device(self._source)
        attempt = _Attempt(self._source, kind, self._bitrate, self._on_bitrate)
        self._attempt = attempt
        self._host.attach(attempt.capture)
        starting = asyncio.ensure_future(
            in_thread(attempt.capture.element.sync_state_with_parent, START_TIMEOUT)
        )
        try:
            error = await within(asyncio.shield(attempt.opened), START_TIMEOUT)
        except TimeoutError:
            error = SourceNotFound(self._source.shown, f'no picture in {START_TIMEOUT:g} s')
        finally:
            await end(starting)  # only the wait for it; the thread goes on
        if error:
            await self._discard()
            raise error
        return attempt

    async def _supervise(self, kind: EncoderKind) -> None:
        """Open the source again, forever, each time that it is lost."""
        retry = RetryDelay()
        loop = asyncio.get_running_loop()
        while True:
            if self._attempt is None:
                self._attempt = await self._reopened(kind, retry)
                self._set_state(SourceState.LIVE)
                self._host.on_back()
            opened = loop.time()
            error = await self._attempt.lost
            self._set_state(SourceState.LOST, str(error))
            if loop.time() - opened > STEADY:
                retry.reset()
            await self._discard()

    async def _reopened(self, kind: EncoderKind, retry: RetryDelay) -> '_Attempt':
        while True:
            await asyncio.sleep(retry.next())
            try:
                return await self._open(kind)
            except SourceError as error:
                logger.debug('source not back: %s', error)

    async def _discard(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            return
        try:
            await self._host.detach(attempt.capture)
        except Exception:
            self._attempt = attempt  # it is still there
            raise

    def _on_bitrate(self, attempt: '_Attempt', bitrate: int) -> None:
        if attempt is self._attempt:
            self._host.on_bitrate(bitrate)

    def _set_state(self, state: SourceState, detail: str = '') -> None:
        if state is self._state:
            return
        self._state = state
        if state is SourceState.LOST:
            logger.warning('source lost, trying to open it again: %s', detail)
        else:
            logger.info('source %s: %s', state.value, self._source.shown)


class _Attempt:
    """One capture, from its opening to its loss; its `CaptureListener`, for the event loop."""

    def __init__(
        self,
        source: SourceDescription,
        kind: EncoderKind,
        bitrate: int,
        on_bitrate: Callable[['_Attempt', int], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_bitrate = on_bitrate
        self.opened: asyncio.Future[SourceError | None] = self._loop.create_future()
        self.lost: asyncio.Future[SourceError] = self._loop.create_future()
        self.capture = Capture(source, kind, bitrate, self)

    def on_bitrate(self, bitrate: int) -> None:
        """Pass it on to the event loop."""
        post(self._loop, self._on_bitrate, self, bitrate)

    def on_flowing(self) -> None:
        """Note that pictures arrive."""
        post(self._loop, self._settle, None)

    def on_failed(self, error: SourceError) -> None:
        """Note that no more pictures will arrive."""
        post(self._loop, self.fail, error)

    def fail(self, error: SourceError) -> None:
        """End the attempt; the first error counts. In the event loop."""
        self._settle(error)
        if not self.lost.done():
            self.lost.set_result(error)

    def _settle(self, error: SourceError | None) -> None:
        if not self.opened.done():
            self.opened.set_result(error)
