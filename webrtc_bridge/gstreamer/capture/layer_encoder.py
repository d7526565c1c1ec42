"""The encoder of one encoding, and the elements that are needed around it."""

import threading
import time
from typing import NamedTuple

from webrtc_bridge.gstreamer.capture.colours import declare
from webrtc_bridge.gstreamer.capture.encoders import (
    KINDS,
    VP8,
    EncoderKind,
    configure,
    profile_caps,
    set_bitrate,
    share_bits,
)
from webrtc_bridge.gstreamer.capture.newest_picture import AGAIN
from webrtc_bridge.gstreamer.capture.rate_limiter import RateLimiter
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.bit_budget import BitBudget
from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.codec.frame_rate import SLOWEST, FrameRate
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.codec.rate_scaled_clock import PictureShare
from webrtc_bridge.media.frames import Codec, Encoding, Layer

CHAIN = (
    'valve name=valve drop-mode=forward-sticky-events drop=true'
    # The newest picture wins if the encoder is too slow.
    ' ! queue name=queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
    ' ! {scaling} {encoder}'
)

SCALING = 'videoscale ! capsfilter caps="video/x-raw,width={},height={}" !'


class PictureFormat(NamedTuple):
    """The size and rate of raw pictures, and whether they can be made smaller here."""

    size: tuple[int, int]
    fps: float
    scalable: bool


class LayerEncoder:
    """
    Encode pictures as `encoding` with an encoder of `kind`, while it has viewers.

    `element` goes into the capture and has the pads `sink` and `src`. Some pictures are left out
    if encoding all of them takes too long, and of the small layer if there are too few bits for
    all. `profile` decides on that of H.264, which changes at a keyframe.
    """

    def __init__(
        self,
        kind: EncoderKind,
        encoding: Encoding,
        picture_format: PictureFormat,
        bitrate: int,
        profile: ProfileChoice,
    ) -> None:
        size, fps, _ = picture_format
        self._is_small = encoding.layer is Layer.SMALL
        self._size = small_size(*size) if self._is_small else size
        self._kind = kind_for(encoding, kind)
        self._profile = profile
        self._is_high = self._wants_high()
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
        self._configure()
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
        taken_at, again = seconds(buffer.pts), buffer.offset == AGAIN
        changed = not again and taken_at is not None and self._rate.note(taken_at)
        is_due = again or self._interval.is_due()
        if is_due:
            self._follow_wishes(again)
            if self._kind.codec is Codec.VP8:
                duration = seconds(buffer.duration)
                changed |= self._share.note(taken_at or 0.0, duration, self._fps)
        if changed:
            with self._lock:
                self._apply()
        return Gst.PadProbeReturn.OK if is_due else Gst.PadProbeReturn.DROP

    def _wants_high(self) -> bool:
        return self._kind.high is not None and self._profile.is_high(time.monotonic())

    def _follow_wishes(self, again: bool) -> None:
        """Get ready for a picture that is encoded now, `again` or for the first time."""
        if not again:
            self._interval.restart()
        is_high = self._wants_high()
        if is_high is not self._is_high or (again and self._kind.codec is Codec.VP8):
            self._is_high = is_high
            self._start_over()

    def _on_encoded(self, _: Pad, info: Element) -> object:
        with self._lock:
            bits = 8 * info.get_buffer().get_size()
            counts = self._kind.codec is Codec.H264  # libvpx keeps its rate by itself
            changed = counts and self._budget.spend(bits, self._bitrate, self._fps)
            if self._limiter.end() or changed:
                self._apply()
        return Gst.PadProbeReturn.OK

    def _configure(self) -> None:
        configure(self._kind, self._encoder, self._size, self._is_high)
        if self._kind.high is not None:
            caps = Gst.Caps.from_string(profile_caps(self._is_high))
            self.element.get_by_name('profile').set_property('caps', caps)

    def _start_over(self) -> None:
        """Let the encoder take the next picture for its first one, in the thread it comes in."""
        entry = self._encoder.get_static_pad('sink')
        before = entry.get_peer()
        self._share.start_over()
        self._encoder.set_state(Gst.State.READY)
        self._configure()
        # What came before the pictures, such as their format, comes again by a new link.
        before.unlink(entry)
        before.link(entry)
        self._encoder.sync_state_with_parent()


def seconds(time_ns: int) -> float | None:
    """Return a time of GStreamer in seconds; None if it is not known."""
    return None if time_ns == Gst.CLOCK_TIME_NONE else time_ns / Gst.SECOND


def keep_format(_: Pad, info: Element) -> object:
    """Let no request for another format through; a probe of events that go upstream."""
    reconfigure = info.get_event().type == Gst.EventType.RECONFIGURE
    return Gst.PadProbeReturn.DROP if reconfigure else Gst.PadProbeReturn.OK


def keep_format_from_now(pad: Pad, _: Element) -> object:
    """Let the present format stay; a probe of pictures."""
    pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, keep_format)
    return Gst.PadProbeReturn.REMOVE


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
