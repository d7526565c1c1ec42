"""The encoders of raw pictures, one for each encoding that has viewers."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from webrtc_bridge.gstreamer.bitrates import ENCODINGS
from webrtc_bridge.gstreamer.capture.colours import declare
from webrtc_bridge.gstreamer.capture.encoders import (
    KINDS,
    VP8,
    EncoderKind,
    configure,
    set_bitrate,
    share_bits,
)
from webrtc_bridge.gstreamer.capture.newest_picture import AGAIN, NewestPicture
from webrtc_bridge.gstreamer.capture.rate_limiter import RateLimiter
from webrtc_bridge.gstreamer.capture.source_bin import take_out
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.bit_budget import BitBudget
from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.codec.frame_rate import SLOWEST, FrameRate
from webrtc_bridge.media.codec.rate_scaled_clock import PictureShare
from webrtc_bridge.media.frames import Codec, Encoding, Layer

CHAIN = (
    'valve name=valve drop-mode=forward-sticky-events drop=true'
    # The newest picture wins if the encoder is too slow.
    ' ! queue name=queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
    ' ! {scaling} {encoder}'
)
LAG = 12_000
"""
Nanoseconds by which pictures of the small layer are later, more than one unit of RTP time: a
receiver that changes from layer to layer takes two pictures with the same time for one.
"""

SCALING = 'videoscale ! capsfilter caps="video/x-raw,width={},height={}" !'


class LayerEncoder:
    """
    Encode pictures of `size` as `encoding` with an encoder of `kind`, while it has viewers.

    `element` goes into the capture and has the pads `sink` and `src`. `fps` is the rate at which
    the pictures come; some are left out if encoding all of them takes too long, and of the small
    layer if there are too few bits for all.
    """

    def __init__(
        self,
        kind: EncoderKind,
        encoding: Encoding,
        size: tuple[int, int],
        fps: float,
        bitrate: int,
    ) -> None:
        self._is_small = encoding.layer is Layer.SMALL
        self._size = small_size(*size) if self._is_small else size
        self._kind = kind_for(encoding, kind)
        self._interval = FrameDecimator(fps)
        self._bitrate, self._announced_fps = bitrate, fps
        self._rate, self._budget = FrameRate(fps), BitBudget()
        self._share = PictureShare()
        self._limiter = RateLimiter(self._kind.name)
        self._lock = threading.Lock()
        scaling = SCALING.format(*self._size) if self._is_small else ''
        description = CHAIN.format(scaling=scaling, encoder=self._kind.chain)
        self.element: Element = Gst.parse_bin_from_description(description, True)
        self._encoder: Element = self.element.get_by_name('encoder')
        configure(self._kind, self._encoder, self._size)
        self.set_bitrate(bitrate)
        pictures = self.element.get_by_name('queue').get_static_pad('src')
        pictures.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)
        encoded = self.element.get_static_pad('src')
        if self._kind.quick:
            encoded.add_probe(Gst.PadProbeType.BUFFER, self._on_encoded)
        if self._kind.codec is Codec.H264:
            declare(encoded, self._encoder)

    def set_watched(self, watched: bool) -> None:
        """Encode, or do not: a layer without viewers is not worth a core."""
        self.element.get_by_name('valve').set_property('drop', not watched)

    def set_bitrate(self, bitrate: int) -> None:
        """Change the bit rate (bit/s)."""
        with self._lock:
            self._bitrate = bitrate
            self._apply()

    def owns(self, element: Element) -> bool:
        """Return whether `element` is a part of this that fails by itself; the queue does not."""
        is_queue = element == self.element.get_by_name('queue')
        return not is_queue and bool(element.has_as_ancestor(self.element))

    @property
    def _fps(self) -> float:
        """The rate of the pictures that are encoded."""
        return self._rate.value / self._interval.value

    def _apply(self) -> None:
        self._interval.fps = self._rate.value
        if self._is_small:
            self._interval.configure(*self._size, self._bitrate)
            self._interval.value = max(self._interval.value, self._limiter.interval)
        else:
            self._interval.value = self._limiter.interval
        scale = self._budget.factor * self._share.rate
        if not self._kind.goes_by_times:
            scale *= self._announced_fps / max(self._fps, SLOWEST)
        set_bitrate(self._kind, self._encoder, self._bitrate, scale)
        if self._kind.codec is Codec.VP8:
            share_bits(self._encoder, self._share)

    def _on_picture(self, _: Pad, info: Element) -> object:
        """Measure the rate, and leave out some pictures."""
        buffer = info.get_buffer()
        self._limiter.begin()
        time, again = seconds(buffer.pts), buffer.offset == AGAIN
        changed = not again and time is not None and self._rate.note(time)
        is_due = again or self._interval.is_due()
        if is_due and not again:
            self._interval.restart()
        if is_due and self._kind.codec is Codec.VP8:
            if again:
                self._start_over()
            changed |= self._share.note(time or 0.0, seconds(buffer.duration), self._fps)
        if changed:
            with self._lock:
                self._apply()
        return Gst.PadProbeReturn.OK if is_due else Gst.PadProbeReturn.DROP

    def _on_encoded(self, _: Pad, info: Element) -> object:
        with self._lock:
            bits = 8 * info.get_buffer().get_size()
            counts = self._kind.codec is Codec.H264  # libvpx keeps its rate by itself
            changed = counts and self._budget.spend(bits, self._bitrate, self._fps)
            if self._limiter.end() or changed:
                self._apply()
        return Gst.PadProbeReturn.OK

    def _start_over(self) -> None:
        """Let the encoder take the next picture for its first one, in the thread it comes in."""
        entry = self._encoder.get_static_pad('sink')
        before = entry.get_peer()
        self._share.start_over()
        self._encoder.set_state(Gst.State.READY)
        # What came before the pictures, such as their format, comes again by a new link.
        before.unlink(entry)
        before.link(entry)
        self._encoder.sync_state_with_parent()


class PictureFormat(NamedTuple):
    """The size and rate of raw pictures, and whether they can be made smaller here."""

    size: tuple[int, int]
    fps: float
    scalable: bool


class EncodedLayers:
    """
    Encode the pictures of the tee `pictures`: each encoding once it is watched.

    `bitrate` (bit/s) is that of each at first. `place` puts an encoder between a pad of the tee
    and the end of its encoding. An encoder of H.264 stays, as viewers come back to it from another
    layer; one of VP8 ends with its last viewer.
    """

    def __init__(
        self,
        kind: EncoderKind,
        pictures: Element,
        picture_format: PictureFormat,
        bitrate: int,
        place: Callable[[Encoding, Pad, Element], None],
    ) -> None:
        self._kind = kind
        self._pictures = pictures
        self._format = picture_format
        self._bitrates = dict.fromkeys(ENCODINGS, bitrate)
        self._place = place
        self._encoders: dict[Encoding, LayerEncoder] = {}
        self._pads: dict[Encoding, Pad] = {}

    @property
    def has_small(self) -> bool:
        """Whether there is a small layer, or can be one."""
        return self._format.scalable

    def set_watched(self, encoding: Encoding, watched: bool) -> None:
        """Encode `encoding`, or do not."""
        if watched:
            self.prepare(encoding)
        if encoder := self._encoders.get(encoding):
            encoder.set_watched(watched)
            if not watched and encoding.codec is not Codec.H264:
                self._remove(encoding)

    def set_bitrate(self, encoding: Encoding, bitrate: int) -> None:
        """Change the bit rate (bit/s) of an encoding."""
        self._bitrates[encoding] = bitrate
        if encoder := self._encoders.get(encoding):
            encoder.set_bitrate(bitrate)

    def show_again(self, encoding: Encoding, newest: NewestPicture) -> None:
        """Encode a picture once more as `encoding`, if that is encoded."""
        pad = self._pads.get(encoding)
        if pad is None:
            return
        # By the tee's pad, which sends caps and segment first where no picture came before. A
        # source may have changed its format for pictures that are yet to come.
        coming = pad.get_current_caps()
        changed = coming is not None and not coming.is_equal(newest.caps)
        if changed:
            pad.push_event(Gst.Event.new_caps(newest.caps))
        pad.push(newest.again())
        if changed:
            pad.push_event(Gst.Event.new_caps(coming))

    def encoding_of(self, element: Element) -> Encoding | None:
        """Return the encoding that `element` makes; it may have failed by itself."""
        owning = (encoding for encoding, each in self._encoders.items() if each.owns(element))
        return next(owning, None)

    def prepare(self, encoding: Encoding) -> None:
        """Make an encoder of `encoding`, which encodes nothing before it is watched."""
        if encoding in self._encoders:
            return
        pad = self._pictures.request_pad_simple('src_%u')
        if encoding.layer is Layer.SMALL:
            # Before the encoder: a request for a keyframe now would cross it as one for another
            # time.
            pad.set_offset(LAG)
        # A camera that is asked for its format again may halt for it.
        if self._encoders:
            pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, keep_format)
        size, fps, _ = self._format
        encoder = LayerEncoder(self._kind, encoding, size, fps, self._bitrates[encoding])
        self._place(encoding, pad, encoder.element)
        self._encoders[encoding] = encoder
        self._pads[encoding] = pad

    def _remove(self, encoding: Encoding) -> None:
        encoder = self._encoders.pop(encoding)
        self._pictures.release_request_pad(self._pads.pop(encoding))
        take_out(encoder.element)


def seconds(time_ns: int) -> float | None:
    """Return a time of GStreamer in seconds; None if it is not known."""
    return None if time_ns == Gst.CLOCK_TIME_NONE else time_ns / Gst.SECOND


def keep_format(_: Pad, info: Element) -> object:
    """Let no request for another format through; a probe of events that go upstream."""
    reconfigure = info.get_event().type == Gst.EventType.RECONFIGURE
    return Gst.PadProbeReturn.DROP if reconfigure else Gst.PadProbeReturn.OK


def kind_for(encoding: Encoding, kind: EncoderKind) -> EncoderKind:
    """
    Return the kind that encodes `encoding` if `kind` encodes H.264 in full size.

    Hardware may not encode a second stream, and half the size costs a processor little.
    """
    if encoding.codec is Codec.VP8:
        return VP8
    software = KINDS['x264enc']
    if encoding.layer is Layer.SMALL and Gst.ElementFactory.find(software.name):
        return software
    return kind
