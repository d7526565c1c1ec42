"""Consumers of a receiver's pictures and frames."""

from collections.abc import Callable

from webrtc_bridge.media.frames import EncodedFrame, ReceivedFrame
from webrtc_bridge.peer.metadata_channel import Metadata


class FrameSink:
    """
    Take a receiver's video; a subclass overrides what it needs.

    Nothing is decoded while `wants_pictures()` is false. Pictures come in a decoder's thread, and
    the newest wins while `on_picture` is busy; all else is called in the event loop.
    """

    def wants_pictures(self) -> bool:
        """Return whether to decode, and call `on_picture`."""
        return True

    def wants_frames(self) -> bool:
        """Return whether to call `on_frame`."""
        return False

    def is_idle(self) -> bool:
        """Return whether nothing of the video is wanted: then the sender is asked for none."""
        return not (self.wants_pictures() or self.wants_frames())

    def keyframe_interval(self) -> float:
        """Return the longest time in seconds between two keyframes; 0 for any."""
        return 0.0

    def on_picture(self, received: ReceivedFrame) -> None:
        """Take a decoded picture."""

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        """Take an encoded frame of a sender and its stamp; a sender's first one is a keyframe."""

    def on_sender(self, sender_id: str) -> None:
        """Note whose pictures and frames come now, whether or not they are wanted."""

    def on_metadata(self, metadata: Metadata, sender_id: str) -> None:
        """Take what a sender says about its pictures, now or to come; empty if nothing."""


class PictureSink(FrameSink):
    """Pass each picture to a function."""

    def __init__(self, take: Callable[[ReceivedFrame], None]) -> None:
        self._take = take

    def on_picture(self, received: ReceivedFrame) -> None:
        """Pass it on."""
        self._take(received)
