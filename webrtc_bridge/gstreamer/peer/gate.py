"""The gate in front of a viewer, which opens at keyframes."""

import logging
from collections.abc import Callable
from typing import Any

from webrtc_bridge.gstreamer.library import Gst, GstVideo, Pad
from webrtc_bridge.gstreamer.tee import is_of_bridge

logger = logging.getLogger(__name__)


class Passage:
    """
    Decides which frames go to a viewer until a keyframe of its encoding has. Without gi.

    A viewer that is `in_sync` gets those before it, too, until it is to get a bridge instead, from
    a keyframe of that on. Its times have to rise: `too_early` tells that such a keyframe was of a
    picture that the viewer had got already.
    """

    def __init__(self, in_sync: bool) -> None:
        self.done = False
        self.too_early = False
        self._in_sync = in_sync
        self._bridged = False
        self._newest = -1

    @property
    def flows(self) -> bool:
        """Whether frames go to the viewer."""
        return self.done or self._in_sync or self._bridged

    def cross(self) -> None:
        """Let the bridge through, and nothing else before the keyframe."""
        self._in_sync = False

    def lets(self, keyframe: bool, bridge: bool, time: int) -> bool:
        """Return whether the next frame, of a picture of `time`, goes to the viewer."""
        passes = self._lets_bridge(keyframe, time) if bridge else self._lets_own(keyframe)
        if passes:
            self._newest = time
        return passes

    def _lets_own(self, keyframe: bool) -> bool:
        self.done = self.done or keyframe
        return self.done or self._in_sync

    def _lets_bridge(self, keyframe: bool, time: int) -> bool:
        if self.done or self._in_sync:
            return False
        self.too_early = keyframe and time <= self._newest
        self._bridged = self._bridged or (keyframe and not self.too_early)
        return self._bridged


class KeyframeGate:
    """
    Drop pictures at `pad` until the gate is opened, and from then on until a keyframe.

    A picture that refers to one that was dropped cannot be shown. `request_keyframe` asks for one
    that does not; `on_open` is called once it is through. The gate starts closed; while open it
    costs nothing. Belongs to the event loop; `post` calls a function in it from other threads.
    """

    def __init__(
        self,
        pad: Pad,
        request_keyframe: Callable[[], None],
        post: Callable[..., None],
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self._pad = pad
        self._request_keyframe = request_keyframe
        self._post = post
        self._on_open = on_open
        self._passage: Passage | None = None
        self._probe: int | None = None
        self.close()

    @property
    def waits(self) -> bool:
        """Whether the gate is to let a keyframe through that has not come yet."""
        return self._passage is not None and not self._passage.done

    def close(self) -> None:
        """
        Let nothing through until it is opened again.

        Nor the viewer's requests: there will be a keyframe then, and the others do not need one.
        """
        self._passage = None
        kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_UPSTREAM
        self._replace_probe(kinds, drop_pictures_and_requests)

    def open_at_keyframe(self) -> None:
        """Let pictures through from the next keyframe on, and ask for it."""
        self._wait(Passage(in_sync=False))
        self._request_keyframe()

    def restart(self) -> None:
        """Continue at a keyframe: a picture was dropped behind this gate."""
        if self._probe is None or (self._passage is not None and self._passage.flows):
            logger.debug('pictures dropped, the path to the viewer is blocked')
            self.open_at_keyframe()

    def watch_for_keyframe(self) -> None:
        """Note that the viewer, which has lost the picture, waits for a keyframe."""
        if self._probe is None:
            self._wait(Passage(in_sync=True))

    def cross(self) -> None:
        """Let the bridge through, which comes now, until the keyframe comes."""
        if self._passage:
            self._passage.cross()

    def _wait(self, passage: Passage) -> None:
        self._passage = passage
        self._replace_probe(Gst.PadProbeType.BUFFER, self._on_frame, passage)

    def _replace_probe(self, kinds: Any, decide: Callable[..., Any], *arguments: Any) -> None:
        before = self._probe
        # The first picture may come before this returns.
        self._probe = self._pad.add_probe(kinds, decide, *arguments)
        if before is not None:
            self._pad.remove_probe(before)

    def _on_frame(self, _: Pad, info: Any, passage: Passage) -> Any:
        frame = info.get_buffer()
        was_done = passage.done
        keyframe = not frame.has_flags(Gst.BufferFlags.DELTA_UNIT)
        passes = passage.lets(keyframe, is_of_bridge(frame), frame.pts)
        if passage.done and not was_done:
            self._post(self._opened, passage)
        elif passage.too_early:
            passage.too_early = False
            self._post(self._request_keyframe)
        return Gst.PadProbeReturn.OK if passes else Gst.PadProbeReturn.DROP

    def _opened(self, passage: Passage) -> None:
        if passage is self._passage and self._probe is not None:
            # It is in the way of late frames of the bridge up to here.
            self._on_open()
            self._pad.remove_probe(self._probe)
            self._passage = self._probe = None


def drop_pictures_and_requests(_: Pad, info: Any) -> Any:
    """Drop pictures and requests for keyframes; other events pass."""
    is_picture = info.type & Gst.PadProbeType.BUFFER
    if is_picture or GstVideo.video_event_is_force_key_unit(info.get_event()):
        return Gst.PadProbeReturn.DROP
    return Gst.PadProbeReturn.OK
