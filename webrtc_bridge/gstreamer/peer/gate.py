"""The gate in front of a viewer, which opens at keyframes."""

import logging
from collections.abc import Callable
from typing import Any

from webrtc_bridge.gstreamer.library import Gst, GstVideo, Pad

logger = logging.getLogger(__name__)


class KeyframeGate:
    """
    Drop pictures at `pad` until the gate is opened, and from then on until a keyframe.

    A picture that refers to one that was dropped cannot be shown. `request_keyframe` asks for one
    that does not. The gate starts closed; while open it costs nothing. Belongs to the event loop;
    `post` calls a function in it from other threads.
    """

    def __init__(
        self,
        pad: Pad,
        request_keyframe: Callable[[], None],
        post: Callable[..., None],
    ) -> None:
        self._pad = pad
        self._request_keyframe = request_keyframe
        self._post = post
        self._opening = 0
        self._probe: int | None = None
        self.close()

    def close(self) -> None:
        """
        Let nothing through until it is opened again.

        Nor the viewer's requests: there will be a keyframe then, and the others do not need one.
        """
        kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_UPSTREAM
        self._replace_probe(kinds, drop_pictures_and_requests)

    def open_at_keyframe(self) -> None:
        """Let pictures through from the next keyframe on, and ask for it."""
        pictures = Gst.PadProbeType.BUFFER
        self._replace_probe(pictures, self._wait_for_keyframe, self._opening + 1)
        self._request_keyframe()

    def restart(self) -> None:
        """Continue at a keyframe: a picture was dropped behind this gate."""
        if self._probe is None:
            logger.debug('pictures dropped, the path to the viewer is blocked')
            self.open_at_keyframe()

    def _replace_probe(self, kinds: Any, decide: Callable[..., Any], *arguments: Any) -> None:
        before, self._opening = self._probe, self._opening + 1
        # The first picture may come before this returns.
        self._probe = self._pad.add_probe(kinds, decide, *arguments)
        if before is not None:
            self._pad.remove_probe(before)

    def _wait_for_keyframe(self, _: Pad, info: Any, opening: int) -> Any:
        if info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT):
            return Gst.PadProbeReturn.DROP
        self._post(self._opened, opening)
        return Gst.PadProbeReturn.REMOVE

    def _opened(self, opening: int) -> None:
        if opening == self._opening:
            self._probe = None


def drop_pictures_and_requests(_: Pad, info: Any) -> Any:
    """Drop pictures and requests for keyframes; other events pass."""
    is_picture = info.type & Gst.PadProbeType.BUFFER
    if is_picture or GstVideo.video_event_is_force_key_unit(info.get_event()):
        return Gst.PadProbeReturn.DROP
    return Gst.PadProbeReturn.OK
