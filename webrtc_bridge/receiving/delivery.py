"""From the streams of a receiver, of which the newest counts, to whoever takes the pictures."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import av

from webrtc_bridge.media.frames import EncodedFrame, ReceivedFrame
from webrtc_bridge.peer.metadata_channel import Metadata
from webrtc_bridge.receiving.inbound_stream import InboundStream
from webrtc_bridge.receiving.stamper import Stamper


def ignore(*_: object) -> None:
    """Take nothing."""


@dataclass(frozen=True)
class FrameSink:
    """
    What takes pictures, and when it wants them.

    `on_frame` gets every picture, in a decoder's thread; the newest wins while it is busy. Nothing
    is decoded while `wants_pictures()` is false. `on_encoded` gets the encoded frames and their
    stamps, from a keyframe on, in the event loop, while `wants_encoded()` is true. `on_metadata`
    gets, there, what the sender tells about its pictures, empty if nothing.
    """

    on_frame: Callable[[ReceivedFrame], None]
    wants_pictures: Callable[[], bool] = lambda: True
    on_encoded: Callable[[EncodedFrame, int], None] = ignore
    wants_encoded: Callable[[], bool] = lambda: False
    on_metadata: Callable[[Metadata], None] = ignore


class Delivery:
    """
    Hand on one stream's pictures, and from the first picture of a newer stream on that one's.

    `on_first_picture` is called in the event loop when a stream starts to be handed on.
    """

    def __init__(
        self,
        output: FrameSink,
        *,
        use_capture: bool,
        on_first_picture: Callable[[InboundStream], None],
    ) -> None:
        self._output = output
        self._on_first_picture = on_first_picture
        self._lock = threading.Lock()  # taken by decoders' threads alone
        self._serial = 0
        self._encoded_of: InboundStream | None = None
        self._stamper = Stamper('image', use_capture=use_capture)
        self._encoded_stamper = Stamper('video', use_capture=use_capture)

    @property
    def stamp_fallbacks(self) -> int:
        """How many pictures were stamped with the time of arrival for want of a better one."""
        return self._stamper.fallbacks

    def resume(self, stream: InboundStream) -> None:
        """Hand on the pictures of an older stream again, the newer one having ended."""
        self._serial = stream.serial

    def picture(self, stream: InboundStream, picture: av.VideoFrame, frame: EncodedFrame) -> None:
        """Hand a picture on, unless a newer stream has begun; in a decoder's thread."""
        with self._lock:
            if stream.ended or stream.serial < self._serial:
                return
            if stream.serial > self._serial:
                self._serial = stream.serial
                stream.loop.call_soon_threadsafe(self._on_first_picture, stream)
            uncertainty = stream.clock_uncertainty_ns
            stamp = self._stamper.stamp(frame.time_ns, frame.capture_ns, uncertainty)
            self._output.on_frame(ReceivedFrame(picture, stamp, stream.sender_id))
            latency = None if frame.capture_ns is None else time.time_ns() - frame.capture_ns
            stream.meter.picture(picture.width, picture.height, latency)

    def encoded(self, stream: InboundStream, frame: EncodedFrame) -> None:
        """Hand an encoded frame on, if it is of the newest stream that has begun."""
        if stream.serial > self._serial and not self._output.wants_pictures():
            # Nobody waits for its first picture, so its first frame is what ends the old stream.
            self._serial = stream.serial
            self._on_first_picture(stream)
        if not self._output.wants_encoded():
            self._encoded_of = None
        elif stream.serial == self._serial and self._is_in_sync(stream, frame):
            uncertainty = stream.clock_uncertainty_ns
            stamp = self._encoded_stamper.stamp(frame.time_ns, frame.capture_ns, uncertainty)
            self._output.on_encoded(frame, stamp)

    def metadata(self, stream: InboundStream) -> None:
        """Hand on what is told of a stream, if it is the newest that has begun."""
        if stream.serial == self._serial:
            self._output.on_metadata(stream.metadata)

    def _is_in_sync(self, stream: InboundStream, frame: EncodedFrame) -> bool:
        if stream is not self._encoded_of and not frame.keyframe:
            stream.request_keyframe()
            return False
        self._encoded_of = stream
        return True
