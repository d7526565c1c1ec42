"""
The one pipeline of a sender: a capture, a tee for each encoding, and a branch for each viewer.

    capture/capture.py -> tee of H.264            -> peer/branch.py
                                                  -> peer/branch.py
                       -> tee of H.264, half size -> peer/branch.py
                       -> tee of VP8              -> peer/branch.py
                       -> tee of VP8, half size
                       -> tee of the bridge       -> a branch that waits for a keyframe

Belongs to the event loop, like everything that decides; GStreamer's threads only carry pictures
and report, through `post`, what happens.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from webrtc_bridge.errors import (
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceUnreadable,
)
from webrtc_bridge.gstreamer.bitrates import ENCODINGS, EncodingBitrates
from webrtc_bridge.gstreamer.capture.capture import Capture
from webrtc_bridge.gstreamer.capture.encoders import EncoderKind, is_available
from webrtc_bridge.gstreamer.capture.source import SourceDescription, shown
from webrtc_bridge.gstreamer.departures import Departures
from webrtc_bridge.gstreamer.library import Element, Gst, Pad, in_thread
from webrtc_bridge.gstreamer.supervisor import SourceSupervisor
from webrtc_bridge.gstreamer.tee import EncodingTee
from webrtc_bridge.media.bandwidth.layer_allocation import Bounds
from webrtc_bridge.media.codec.keyframes import BRIDGE_AFTER
from webrtc_bridge.media.frames import Codec, Encoding, Layer

STOP_TIMEOUT = 1.5
'Seconds for elements to stop; a driver that hangs is left behind.'

REPEAT_AFTER = 0.2
"""
Seconds that a keyframe waits for the next picture; then it is made of the newest once more. A
picture may be the only one, such as a map or a slide.
"""

logger = logging.getLogger(__name__)


class BranchListener(Protocol):
    """A viewer's branch of a pipeline. Belongs to the event loop."""

    def on_lost(self, reason: str) -> None:
        """Note that something in the branch failed."""

    def on_keyframe_late(self) -> None:
        """Note that the source has not had the keyframe that was asked for; the bridge helps."""


class GStreamerPipeline:
    """
    Encode `source` once, for all viewers, while there are any; open it again when it is lost.

    `lowest` and `highest` (bit/s) bound the encoders' bit rates; a highest of 0 takes what the
    size asks for. `on_bounds` is called when `bounds` has changed. `departures` are of
    its viewers.
    """

    def __init__(
        self, source: SourceDescription, lowest: int, highest: int, on_bounds: Callable[[], None]
    ) -> None:
        self.element: Element = Gst.Pipeline.new('sender')
        self.departures = Departures()
        self._source = source
        self._supervisor = SourceSupervisor(source, highest, self)
        self._bitrates = EncodingBitrates(lowest)
        self._on_bounds = on_bounds
        self._loop = asyncio.get_running_loop()
        self._branches: dict[Element, BranchListener] = {}
        self._failed: set[Encoding] = set()
        self._bridging: asyncio.TimerHandle | None = None
        self._tees = {
            encoding: EncodingTee(
                functools.partial(self._on_keyframe_wanted, encoding), encoding.bridge
            )
            for encoding in ENCODINGS
        }
        for tee in self._tees.values():
            self.element.add(tee.element)
        self._bus = self.element.get_bus()
        self._bus_fd = self._bus.get_pollfd().fd

    async def start(self, kind: EncoderKind) -> None:
        """
        Start the source, encode it with encoders of `kind`, and see to it from then on.

        Raises: SourceError if it delivers nothing, RequirementError if an element is missing.
        """
        self._loop.add_reader(self._bus_fd, self._on_bus)
        self.element.set_state(Gst.State.PLAYING)
        await self._supervisor.start(kind)

    async def close(self) -> None:
        """Stop everything; idempotent."""
        await self._supervisor.close()
        await self.departures.close()
        if self._bridging:
            self._bridging.cancel()
        for tee in self._tees.values():
            tee.close()
        self._loop.remove_reader(self._bus_fd)
        await stop(self.element)

    def bounds(self) -> Mapping[Codec, Bounds]:
        """Return the bounds of the bit rates; empty while nothing is encoded."""
        capture = self._supervisor.capture
        small = (encoding for encoding in ENCODINGS if encoding.layer is Layer.SMALL)
        return self._bitrates.bounds(
            {each.codec for each in small if capture and self._can_encode(each)}
        )

    @property
    def codecs(self) -> list[Codec]:
        """The codecs that viewers can have, best first."""
        return [
            codec for codec in Codec if codec is Codec.H264 or self._can_encode(Encoding(codec))
        ]

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        """Encode with `rates` (bit/s), and what is left out with the highest."""
        self._bitrates.limit(rates)
        self._apply_bitrates()

    def add_branch(self, branch: Element, listener: 'BranchListener') -> None:
        """Take in `branch`, into which nothing flows before it is linked."""
        self._branches[branch] = listener
        self.element.add(branch)
        branch.sync_state_with_parent()

    def link_branch(self, entry: Pad, encoding: Encoding, accepts_high: bool = False) -> Pad:
        """
        Let `encoding` flow into a branch by its pad `entry`; return the tee's pad.

        Unless the viewer `accepts_high`, nothing is encoded in the High profile of H.264.
        """
        pad = self._tees[encoding].link(entry, accepts_high)
        self._apply_watched()
        return pad

    def unlink_branch(self, pad: Pad, encoding: Encoding) -> None:
        """Let nothing flow through `pad`, and encode `encoding` no longer if it was the last."""
        self._tees[encoding].unlink(pad)
        self._apply_watched()

    def move_branch(
        self, pad: Pad, before: Encoding, now: Encoding, accepts_high: bool = False
    ) -> Pad:
        """Let `now` flow into a branch instead of `before`, by its tee's `pad`; return the new."""
        entry = pad.get_peer()
        self._tees[before].unlink(pad)
        return self.link_branch(entry, now, accepts_high)

    async def remove_branch(self, branch: Element) -> None:
        """Take `branch`, which is not linked, out without interrupting the others."""
        del self._branches[branch]
        try:
            await stop(branch)
        finally:
            self.element.remove(branch)

    def request_keyframe(self, encoding: Encoding) -> None:
        """Ask for a keyframe; those asked for within 200 ms are one."""
        self._tees[encoding].request_keyframe()

    def attach(self, capture: Capture) -> None:
        """Let a new capture flow into the tees."""
        self.element.add(capture.element)
        self._apply_profile(capture)
        for encoding, tee in self._tees.items():
            capture.pads[encoding].link(tee.entry)

    async def detach(self, capture: Capture) -> None:
        """Stop a capture and take it out."""
        for encoding, tee in self._tees.items():
            capture.pads[encoding].unlink(tee.entry)
        try:
            await stop(capture.element)
        finally:
            self.element.remove(capture.element)

    def on_bitrate(self, bitrate: int) -> None:
        """Take the highest bit rate (bit/s) of what the capture encodes, 0 if nothing is."""
        self._bitrates.highest = bitrate
        self._apply_bitrates()
        self._on_bounds()
        self._apply_watched()

    def on_back(self) -> None:
        """Ask for keyframes: the source is live again."""
        for tee in self._tees.values():
            if tee.watched:
                tee.request_keyframe()

    def _can_encode(self, encoding: Encoding) -> bool:
        capture = self._supervisor.capture
        can = capture.encodes(encoding) if capture else is_available(encoding.codec)
        return can and encoding not in self._failed

    def _apply_bitrates(self) -> None:
        capture = self._supervisor.capture
        if capture and self._bitrates.highest:
            for encoding in ENCODINGS:
                capture.set_bitrate(encoding, self._bitrates.of(encoding))

    def _apply_watched(self) -> None:
        if capture := self._supervisor.capture:
            self._apply_profile(capture)
            for encoding, tee in self._tees.items():
                capture.set_watched(encoding, tee.watched)

    def _apply_profile(self, capture: Capture) -> None:
        h264 = (tee for encoding, tee in self._tees.items() if encoding.codec is Codec.H264)
        capture.allow_high_profile(all(tee.all_accept_high for tee in h264))

    def _on_keyframe_wanted(self, encoding: Encoding) -> None:
        capture = self._supervisor.capture
        if capture is None:
            return
        capture.request_keyframe(encoding)
        if not capture.encodes(encoding):
            if capture.has_bridge and self._bridging is None:
                self._bridging = self._loop.call_later(BRIDGE_AFTER, self._bridge)
        elif (newest := capture.newest) is not None:
            self._loop.call_later(REPEAT_AFTER, capture.show_again, encoding, newest)

    def _bridge(self) -> None:
        """Encode for those who still wait for the source's next keyframe."""
        self._bridging = None
        for listener in list(self._branches.values()):
            listener.on_keyframe_late()

    def _on_bus(self) -> None:
        while message := self._bus.pop():
            if message.type == Gst.MessageType.ERROR:
                self._on_error(message.src, *message.parse_error())

    def _on_error(self, element: Element, error: Element, detail: str | None) -> None:
        reason = shown(' '.join([error.message, *(detail or '').splitlines()[1:]]))
        logger.debug('%s failed: %s', element.get_name(), reason)
        capture = self._supervisor.capture
        if capture and element.has_as_ancestor(capture.element):
            if capture.makes_bridge(element):
                logger.warning('viewers that join wait for keyframes from now on: %s', reason)
                return
            self._note_failed(capture.encoding_of(element), reason)
            self._supervisor.fail(source_error(self._source.shown, error, reason))
        elif not element.get_name().startswith('sctp'):  # video goes on without its data channel
            for branch, listener in list(self._branches.items()):
                if element == branch or element.has_as_ancestor(branch):
                    listener.on_lost(reason)

    def _note_failed(self, encoding: Encoding | None, reason: str) -> None:
        """Do without what an encoder has failed to make, if video goes on without it."""
        if encoding is None or encoding == Encoding(Codec.H264):
            return
        self._failed.add(encoding)
        what = 'small layer for slow links' if encoding.layer is Layer.SMALL else encoding.codec
        logger.warning('no %s from now on: %s', what, reason)


async def stop(element: Element) -> None:
    """Stop `element`, or leave it behind after `STOP_TIMEOUT`."""
    element.set_locked_state(True)
    try:
        await in_thread(lambda: element.set_state(Gst.State.NULL), STOP_TIMEOUT)
    except TimeoutError:
        logger.warning('%s hangs and could not be stopped', element.get_name())


def source_error(source: str, error: Element, reason: str) -> SourceError:
    """Return what the GStreamer `error` of `source` means."""
    resource = Gst.ResourceError
    kind: type[SourceError] = SourceUnreadable
    if error.domain == Gst.resource_error_quark():
        if error.code == resource.NOT_AUTHORIZED:
            kind = SourceForbidden
        elif error.code in (resource.NOT_FOUND, resource.OPEN_READ, resource.OPEN_READ_WRITE):
            kind = SourceNotFound
    return kind(source, reason)
