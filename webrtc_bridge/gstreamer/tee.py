"""The tee of one encoding's frames for all of its viewers. Belongs to the event loop."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.gstreamer.library import Element, Gst, GstVideo, Pad, post
from webrtc_bridge.media.codec.keyframes import MINIMUM_INTERVAL, KeyframeRequests


class EncodingTee:
    """
    Pass the frames of one encoding to the branches that are linked to it.

    `element` goes into the pipeline, `entry` is its pad for the encoder. The viewers' requests for
    keyframes are merged; `on_keyframe_wanted` is called when one is due. The frames of a `bridge`
    are marked, for those who get others, too.
    """

    def __init__(self, on_keyframe_wanted: Callable[[], None], bridge: bool = False) -> None:
        self._on_keyframe_wanted = on_keyframe_wanted
        self._loop = asyncio.get_running_loop()
        self._keyframes = KeyframeRequests()
        self._keyframe_timer: asyncio.TimerHandle | None = None
        self._branches: dict[Pad, bool] = {}
        self.element: Element = Gst.ElementFactory.make('tee')
        self.element.set_property('allow-not-linked', True)
        self.entry: Pad = self.element.get_static_pad('sink')
        self.entry.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_upstream_event)
        if bridge:
            self.entry.add_probe(Gst.PadProbeType.BUFFER, mark_bridge)

    @property
    def watched(self) -> bool:
        """Whether there is a branch."""
        return bool(self._branches)

    @property
    def all_accept_high(self) -> bool:
        """Whether the viewers of all branches accept the High profile of H.264."""
        return all(self._branches.values())

    def link(self, entry: Pad, accepts_high: bool) -> Pad:
        """Let the encoding flow into a branch by its pad `entry`; return the pad, for `unlink`."""
        pad = self.element.request_pad_simple('src_%u')
        self._branches[pad] = accepts_high
        pad.link(entry)
        return pad

    def unlink(self, pad: Pad) -> None:
        """Let nothing more flow through `pad`, which a tee releases between two pictures."""
        del self._branches[pad]
        self.element.release_request_pad(pad)

    def request_keyframe(self) -> None:
        """Request a keyframe; requests within 200 ms count as one."""
        self._keyframes.request()
        self._ask_when_due()

    def close(self) -> None:
        """Ask no more; idempotent."""
        if self._keyframe_timer:
            self._keyframe_timer.cancel()

    def _ask_when_due(self) -> None:
        now = self._loop.time()
        if self._keyframes.due(now):
            self._keyframes.encoded(now)
            self._on_keyframe_wanted()
        elif self._keyframe_timer is None or self._keyframe_timer.when() <= now:
            self._keyframe_timer = self._loop.call_later(MINIMUM_INTERVAL, self._ask_when_due)

    def _on_upstream_event(self, _: Pad, info: Element) -> object:
        """Keep the viewers' keyframe requests from the encoder, which would answer every one."""
        if not GstVideo.video_event_is_force_key_unit(info.get_event()):
            return Gst.PadProbeReturn.OK
        post(self._loop, self.request_keyframe)
        return Gst.PadProbeReturn.DROP


def mark_bridge(_: Pad, info: Element) -> object:
    """Mark the frame of a probe's `info` as one of a bridge."""
    # A flag that nothing else in a pipeline of video uses: it is for memory that is a file.
    info.get_buffer().set_flags(Gst.BufferFlags.SYNC_AFTER)
    return Gst.PadProbeReturn.OK


def is_of_bridge(frame: Element) -> bool:
    """Return whether the buffer `frame` is one of a bridge."""
    return bool(frame.has_flags(Gst.BufferFlags.SYNC_AFTER))
