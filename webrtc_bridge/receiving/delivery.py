"""Hand the pictures of a receiver's newest stream to its sink."""

import threading
import time
from collections.abc import Callable

import av

from webrtc_bridge.media.frames import EncodedFrame, ReceivedFrame
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.inbound_stream import InboundStream, InboundStreamListener
from webrtc_bridge.receiving.stamper import Stamper

ASK_AGAIN = 0.5
'Seconds after which a keyframe is requested again: H.264 that is passed through may have none.'


class Delivery(InboundStreamListener):
    """
    Hand on one stream's pictures, and from the first picture of a newer stream on that one's.

    `stamp` is the option of that name. `on_first_picture` is called in the event loop when a
    stream starts to be handed on.
    """

    def __init__(
        self,
        sink: FrameSink,
        *,
        stamp: str,
        on_first_picture: Callable[[InboundStream], None],
    ) -> None:
        self._sink = sink
        self._on_first_picture = on_first_picture
        self._lock = threading.Lock()  # taken by decoders' threads alone
        self._serial = 0
        self._in_sync: InboundStream | None = None
        self._keyframe_at = self._keyframe_requested_at = 0.0
        self._keeps_stamps = stamp == 'sender'
        use_capture = stamp != 'receive'
        self._picture_stamper = Stamper('image', use_capture=use_capture)
        self._frame_stamper = Stamper('video', use_capture=use_capture)

    @property
    def stamp_fallbacks(self) -> int:
        """The number of pictures that were stamped with arrival time for want of capture time."""
        return self._picture_stamper.fallbacks

    def resume(self, stream: InboundStream) -> None:
        """Hand on the pictures of an older stream again, the newer one having ended."""
        self._serial = stream.serial
        self._sink.on_sender(stream.sender_id)

    def wants_pictures(self) -> bool:
        """Return whether to decode."""
        return self._sink.wants_pictures()

    def lacks_keyframe(self, stream: InboundStream) -> bool:
        """Return whether encoded frames of `stream` are wanted, but only from a keyframe on."""
        if not self._sink.wants_frames():
            self._in_sync = None
        starts = stream.serial == self._serial and stream is not self._in_sync
        return starts and self._sink.wants_frames()

    def on_picture(
        self, stream: InboundStream, picture: av.VideoFrame, frame: EncodedFrame
    ) -> None:
        """Hand a picture on, unless a newer stream has started; in a decoder's thread."""
        with self._lock:
            if stream.ended or stream.serial < self._serial:
                return
            if stream.serial > self._serial:
                self._serial = stream.serial
                stream.loop.call_soon_threadsafe(self._on_first_picture, stream)
            stamp = self._stamp(self._picture_stamper, stream, frame)
            received = ReceivedFrame(picture, stamp, stream.sender_id, frame.header)
            self._sink.on_picture(received)
            latency = None if frame.capture_ns is None else time.time_ns() - frame.capture_ns
            stream.meter.picture(picture.width, picture.height, latency)

    def on_frame(self, stream: InboundStream, frame: EncodedFrame) -> None:
        """Hand an encoded frame on, if it is of the newest stream that has started."""
        if stream.serial > self._serial and not self._sink.wants_pictures():
            # Nobody waits for its first picture, so its first frame is what ends the old stream.
            self._serial = stream.serial
            self._on_first_picture(stream)
        if not self._sink.wants_frames():
            self._in_sync = None
        elif stream.serial == self._serial and self._is_in_sync(stream, frame):
            stamp = self._stamp(self._frame_stamper, stream, frame)
            self._sink.on_frame(frame, stamp, stream.sender_id)
            self._request_keyframe_in_time(stream, frame)

    def on_metadata(self, stream: InboundStream) -> None:
        """Hand on a stream's metadata: that of a new one, too, for its first picture."""
        self._sink.on_metadata(stream.metadata, stream.sender_id)

    def adopt(self, stream: InboundStream) -> None:
        """Name the sender of the stream that has started, and what it has said so far."""
        self._sink.on_sender(stream.sender_id)
        self._sink.on_metadata(stream.metadata, stream.sender_id)

    def _stamp(self, stamper: Stamper, stream: InboundStream, frame: EncodedFrame) -> int:
        """Return the stamp of a frame; as for `capture` where the source has no stamps."""
        if self._keeps_stamps and frame.header:
            return frame.header.stamp_ns
        uncertainty = stream.clock_uncertainty_ns
        return stamper.stamp(frame.time_ns, frame.capture_ns, uncertainty, stream.serial)

    def _request_keyframe_in_time(self, stream: InboundStream, frame: EncodedFrame) -> None:
        """Keep to the sink's keyframe interval: senders make a keyframe only on request."""
        now = time.monotonic()
        if frame.keyframe:
            self._keyframe_at = now
        interval = self._sink.keyframe_interval()
        # A little sooner, so that the keyframe comes in time.
        is_due = interval and now - self._keyframe_at > 0.9 * interval
        if is_due and now - self._keyframe_requested_at > ASK_AGAIN:
            self._keyframe_requested_at = now
            stream.request_keyframe()

    def _is_in_sync(self, stream: InboundStream, frame: EncodedFrame) -> bool:
        if stream is not self._in_sync and not frame.keyframe:
            stream.request_keyframe()
            return False
        self._in_sync = stream
        return True
