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
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.codec.bit_budget import BitBudget
from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.codec.frame_rate import SLOWEST, FrameRate
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.codec.rate_scaled_clock import PictureShare
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.load.encoder_load import RATES, SIZES_THEN_RATES
from webrtc_bridge.media.load.picture_load import PictureLoad

CHAIN = (
    'valve name=valve drop-mode=forward-sticky-events drop=true'
    # The newest picture wins if the encoder is too slow.
    ' ! queue name=queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
    ' ! {scaling} {encoder}'
)

SCALING = 'videoscale add-borders=false ! capsfilter name=size caps=video/x-raw !'
SIZE = 'video/x-raw,width={},height={},pixel-aspect-ratio=(fraction)1/1'


class PictureFormat(NamedTuple):
    """The size and rate of raw pictures, and whether they can be made smaller here."""

    size: tuple[int, int]
    fps: float
    scalable: bool


class Opening(NamedTuple):
    """The size, and whether it is the High profile, that an encoder has started with."""

    size: tuple[int, int]
    high: bool


class TimedLoad:
    """Measure the load of an encoder from what goes in and comes out. For one thread."""

    def __init__(self, scalable: bool) -> None:
        self.decided = PictureLoad(SIZES_THEN_RATES if scalable else RATES)
        self._began = 0.0

    def begin(self) -> None:
        """Note that the encoder gets a picture now."""
        self._began = time.monotonic()

    def end(self, size: tuple[int, int]) -> bool:
        """Note that it has encoded that, one of `size` at first; return if this changes things."""
        now = time.monotonic()
        return self.decided.note(size, now - self._began, now)


class LayerEncoder:
    """
    Encode pictures as `encoding` with an encoder of `kind`, while it has viewers.

    `element` goes into the capture and has the pads `sink` and `src`. Pictures are made smaller,
    and then some are left out, if encoding them takes too long; of the small layer also if there
    are too few bits for all. `profile` decides on that of H.264. Sizes and profiles change at a
    keyframe.
    """

    def __init__(
        self,
        kind: EncoderKind,
        encoding: Encoding,
        picture_format: PictureFormat,
        bitrate: int,
        profile: ProfileChoice,
    ) -> None:
        size, fps, scalable = picture_format
        self._is_small = encoding.layer is Layer.SMALL
        self._format = picture_format
        if self._is_small:
            self._format = picture_format._replace(size=small_size(*size))
        self._kind = kind_for(encoding, kind)
        self._profile = profile
        self._load = TimedLoad(scalable)
        self._opening = self._wanted()
        self._interval = FrameDecimator(fps)
        self._bitrate = bitrate
        self._rate, self._budget = FrameRate(fps), BitBudget()
        self._share = PictureShare()
        self._lock = threading.Lock()
        scaling = SCALING if scalable else ''
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

    @property
    def _is_reduced(self) -> bool:
        return self._opening.size != self._format.size

    @property
    def _target(self) -> int:
        """The bit rate to reach: pictures that were made smaller need no more than their size."""
        if not self._is_reduced:
            return self._bitrate
        return min(self._bitrate, automatic_bitrate(*self._opening.size, self._fps))

    def _apply(self) -> None:
        self._interval.fps = self._rate.value
        if self._is_small:
            self._interval.configure(*self._opening.size, self._bitrate)
            self._interval.value = max(self._interval.value, self._load.decided.interval)
        else:
            self._interval.value = self._load.decided.interval
        scale = self._budget.factor * self._share.rate
        if not self._kind.goes_by_times:
            scale *= self._format.fps / max(self._fps, SLOWEST)
        set_bitrate(self._kind, self._encoder, self._target, scale)
        if self._kind.codec is Codec.VP8:
            share_bits(self._encoder, self._share)

    def _on_picture(self, _: Pad, info: Element) -> object:
        """Measure the rate, and leave out some pictures."""
        buffer = info.get_buffer()
        self._load.begin()
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

    def _wanted(self) -> Opening:
        high = self._kind.high is not None and self._profile.is_high(time.monotonic())
        return Opening(self._load.decided.size(*self._format.size), high)

    def _follow_wishes(self, again: bool) -> None:
        """Get ready for a picture that is encoded now, `again` or for the first time."""
        if not again:
            self._interval.restart()
        wanted = self._wanted()
        if wanted != self._opening or (again and self._kind.codec is Codec.VP8):
            self._opening = wanted
            self._start_over()
            with self._lock:
                self._apply()

    def _on_encoded(self, _: Pad, info: Element) -> object:
        with self._lock:
            bits = 8 * info.get_buffer().get_size()
            counts = self._kind.codec is Codec.H264  # libvpx keeps its rate by itself
            changed = counts and self._budget.spend(bits, self._target, self._fps)
            if self._load.end(self._format.size) or changed:
                self._apply()
        return Gst.PadProbeReturn.OK

    def _configure(self) -> None:
        size, high = self._opening
        configure(self._kind, self._encoder, size, high)
        if self._kind.high is not None:
            self._filter('profile', profile_caps(high))
        if self._is_small or self._is_reduced:
            self._filter('size', SIZE.format(*size))
        elif self._format.scalable:
            self._filter('size', 'video/x-raw')

    def _filter(self, name: str, caps: str) -> None:
        self.element.get_by_name(name).set_property('caps', Gst.Caps.from_string(caps))

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
