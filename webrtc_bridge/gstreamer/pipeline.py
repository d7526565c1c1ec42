"""
The one pipeline of a sender: a capture, a tee for each layer, and a branch for each viewer.

    gstreamer/capture.py -> full  -> gstreamer/peer.py
                                       -> gstreamer/peer.py
                              -> small -> gstreamer/peer.py

Belongs to the event loop, as everything that decides; GStreamer's threads only carry pictures and
say, through `post`, what happens.
"""

import asyncio
import enum
import functools
import logging
from collections.abc import Callable, Mapping

from webrtc_bridge.errors import (
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceUnreadable,
)
from webrtc_bridge.gstreamer.bitrates import LayerBitrates
from webrtc_bridge.gstreamer.capture import Capture, CaptureEvents
from webrtc_bridge.gstreamer.encoders import EncoderKind
from webrtc_bridge.gstreamer.library import (
    Element,
    Gst,
    Pad,
    in_thread,
    post,
)
from webrtc_bridge.gstreamer.source import SourceDescription, check_device, shown
from webrtc_bridge.gstreamer.tee import LayerTee
from webrtc_bridge.media.bandwidth.layer_allocation import Bounds
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.program.retry import RetryDelay

START_TIMEOUT = 10.0
'Seconds that a source has for its first picture.'

STOP_TIMEOUT = 1.5
'Seconds for elements to stop; a driver that hangs is left behind.'

STEADY = 1.5
'Seconds that a source has to be live for the next loss to count as its first.'

logger = logging.getLogger(__name__)


class SourceState(enum.Enum):
    """What the source is doing."""

    CLOSED = 'closed'
    LIVE = 'live'
    LOST = 'lost'


class GStreamerPipeline:
    """
    Encode `source` once, for all viewers, while there are any; open it again when it is lost.

    `lowest` and `highest` (bit/s) bound the encoders' bit rates; a highest of 0 takes what the
    size asks for. `on_bounds` is called when `bounds` has changed.
    """

    def __init__(
        self, source: SourceDescription, lowest: int, highest: int, on_bounds: Callable[[], None]
    ) -> None:
        self._source = source
        self._highest = highest
        self._on_bounds = on_bounds
        self._bitrates = LayerBitrates(lowest)
        self._branches: dict[Element, Callable[[str], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._state = SourceState.CLOSED
        self._capture: Capture | None = None
        self._outcome: asyncio.Future[SourceError | None] = self._loop.create_future()
        self._lost: asyncio.Future[SourceError] = self._loop.create_future()
        self._supervision: asyncio.Task[None] | None = None
        self._can_be_layered = True
        self.element: Element = Gst.Pipeline.new('sender')
        self._tees = {
            layer: LayerTee(functools.partial(self._on_keyframe_wanted, layer)) for layer in Layer
        }
        for tee in self._tees.values():
            self.element.add(tee.element)
        self._bus = self.element.get_bus()
        self._bus_fd = self._bus.get_pollfd().fd

    async def start(self, kind: EncoderKind) -> None:
        """
        Start the source, encode it with encoders of `kind`, and see to it from then on.

        Raises: SourceError where it delivers nothing, RequirementError where an element is
        missing.
        """
        self._loop.add_reader(self._bus_fd, self._on_bus)
        self.element.set_state(Gst.State.PLAYING)
        await self._open(kind)
        self._set_state(SourceState.LIVE)
        self._supervision = asyncio.create_task(self._supervise(kind))

    async def close(self) -> None:
        """Stop everything; idempotent."""
        if self._supervision:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)
        for tee in self._tees.values():
            tee.close()
        self._loop.remove_reader(self._bus_fd)
        await self._stop(self.element)
        self._set_state(SourceState.CLOSED)

    @property
    def layered(self) -> bool:
        """Whether there is a small layer to be had; not of H.264 that goes out as it is."""
        return self._can_be_layered and self._capture is not None and self._capture.has_pictures

    def bounds(self) -> Mapping[Codec, Bounds]:
        """Return the bounds of the bit rates; empty while nothing is encoded."""
        return self._bitrates.bounds(self.layered)

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        """Encode the layers with `rates` (bit/s), and those left out with the highest."""
        self._bitrates.limit(rates)
        self._apply_bitrates()

    def add_branch(self, branch: Element, on_error: Callable[[str], None]) -> Pad:
        """
        Let the full layer flow into `branch`; return the tee's pad, for `remove_branch`.

        `on_error` gets the reason when something in the branch fails.
        """
        self._branches[branch] = on_error
        self.element.add(branch)
        branch.sync_state_with_parent()
        pad = self._tees[Layer.FULL].link(branch)
        self._follow_watched()
        return pad

    def move_branch(self, branch: Element, pad: Pad, before: Layer, now: Layer) -> Pad:
        """Let layer `now` flow into `branch` instead of `before`; return the new pad."""
        self._tees[before].unlink(pad)
        pad = self._tees[now].link(branch)
        self._follow_watched()
        return pad

    async def remove_branch(self, branch: Element, pad: Pad, layer: Layer) -> None:
        """Take `branch` out, without a halt for the others."""
        del self._branches[branch]
        self._tees[layer].unlink(pad)
        self._follow_watched()
        await self._stop(branch)
        self.element.remove(branch)

    def request_keyframe(self, layer: Layer) -> None:
        """Ask for a keyframe; those asked for within 200 ms are one."""
        self._tees[layer].request_keyframe()

    def _apply_bitrates(self) -> None:
        if self._capture and self._bitrates.highest:
            for layer in Layer:
                self._capture.set_bitrate(layer, self._bitrates.of(layer))

    def _on_keyframe_wanted(self, layer: Layer) -> None:
        if self._capture:
            self._capture.request_keyframe(layer)

    def _follow_watched(self) -> None:
        if self._capture:
            for layer, tee in self._tees.items():
                self._capture.set_watched(layer, tee.watched)

    async def _open(self, kind: EncoderKind) -> None:
        check_device(self._source)
        outcome = self._outcome = self._loop.create_future()
        self._lost = self._loop.create_future()
        events = CaptureEvents(
            lambda: post(self._loop, self._settle, outcome, None),
            lambda error: post(self._loop, self._on_failed, capture, error),
            lambda bitrate: post(self._loop, self._on_way, capture, bitrate),
        )
        capture = Capture(self._source, kind, self._highest, events)
        self._capture = capture
        self.element.add(capture.element)
        for layer, tee in self._tees.items():
            capture.pads[layer].link(tee.entry)
        starting = asyncio.ensure_future(
            in_thread(capture.element.sync_state_with_parent, START_TIMEOUT)
        )
        try:
            error = await asyncio.wait_for(asyncio.shield(outcome), START_TIMEOUT)
        except TimeoutError:
            error = SourceNotFound(self._source.shown, f'no picture in {START_TIMEOUT:g} s')
        finally:
            starting.cancel()  # to wait for it; what it does, it goes on doing
            await asyncio.gather(starting, return_exceptions=True)
        if error:
            await self._discard_capture()
            raise error

    async def _supervise(self, kind: EncoderKind) -> None:
        """Open the source again, for ever, each time it is lost."""
        retry = RetryDelay()
        while True:
            opened = self._loop.time()
            error: Exception = await self._lost
            self._set_state(SourceState.LOST, str(error))
            if self._loop.time() - opened > STEADY:
                retry.reset()
            await self._discard_capture()
            while self._capture is None:
                await asyncio.sleep(retry.next())
                try:
                    await self._open(kind)
                except SourceError as again:
                    logger.debug('source not back: %s', again)
            self._set_state(SourceState.LIVE)
            for tee in self._tees.values():
                if tee.watched:
                    tee.request_keyframe()

    async def _discard_capture(self) -> None:
        capture, self._capture = self._capture, None
        if capture:
            for layer, tee in self._tees.items():
                capture.pads[layer].unlink(tee.entry)
            await self._stop(capture.element)
            self.element.remove(capture.element)

    def _on_way(self, capture: Capture, bitrate: int) -> None:
        """Go on when it is known what becomes of the source."""
        if capture is self._capture:
            self._bitrates.highest = bitrate
            self._apply_bitrates()
            self._on_bounds()
            self._follow_watched()

    async def _stop(self, element: Element) -> None:
        element.set_locked_state(True)
        try:
            await in_thread(lambda: element.set_state(Gst.State.NULL), STOP_TIMEOUT)
        except TimeoutError:
            logger.warning('%s hangs and could not be stopped', element.get_name())

    def _on_bus(self) -> None:
        while message := self._bus.pop():
            if message.type == Gst.MessageType.ERROR:
                self._on_error(message.src, *message.parse_error())

    def _on_error(self, element: Element, error: Element, detail: str | None) -> None:
        reason = shown(' '.join([error.message, *(detail or '').splitlines()[1:]]))
        logger.debug('%s failed: %s', element.get_name(), reason)
        if self._capture and element.has_as_ancestor(self._capture.element):
            if self._capture.is_small_layer(element):
                logger.warning('no small layer for narrow links from now on: %s', reason)
                self._can_be_layered = False
            self._on_failed(self._capture, self._source_error(error, reason))
        elif not element.get_name().startswith('sctp'):  # without its data channel video goes on
            for branch, on_error in list(self._branches.items()):
                if element == branch or element.has_as_ancestor(branch):
                    on_error(reason)

    def _source_error(self, error: Element, reason: str) -> SourceError:
        resource = Gst.ResourceError
        kind: type[SourceError] = SourceUnreadable
        if error.domain == Gst.resource_error_quark():
            if error.code == resource.NOT_AUTHORIZED:
                kind = SourceForbidden
            elif error.code in (resource.NOT_FOUND, resource.OPEN_READ, resource.OPEN_READ_WRITE):
                kind = SourceNotFound
        return kind(self._source.shown, reason)

    def _on_failed(self, capture: Capture, error: SourceError) -> None:
        if capture is self._capture:
            self._settle(self._outcome, error)
            if not self._lost.done():
                self._lost.set_result(error)

    @staticmethod
    def _settle(outcome: 'asyncio.Future[SourceError | None]', error: SourceError | None) -> None:
        if not outcome.done():
            outcome.set_result(error)

    def _set_state(self, state: SourceState, detail: str = '') -> None:
        if state is self._state:
            return
        self._state = state
        if state is SourceState.LOST:
            logger.warning('source lost, trying until it is there again: %s', detail)
        else:
            logger.info('source %s: %s', state.value, self._source.shown)
