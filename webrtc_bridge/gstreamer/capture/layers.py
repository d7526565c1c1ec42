"""The encoders of raw pictures, one for each layer that has viewers."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from webrtc_bridge.gstreamer.capture.colours import declare
from webrtc_bridge.gstreamer.capture.encoders import (
    ENCODED_CAPS,
    KINDS,
    EncoderKind,
    configure,
    set_bitrate,
)
from webrtc_bridge.gstreamer.capture.newest_picture import AGAIN
from webrtc_bridge.gstreamer.capture.rate_limiter import RateLimiter
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.bit_budget import BitBudget
from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.codec.frame_rate import SLOWEST, FrameRate
from webrtc_bridge.media.frames import Layer

CHAIN = (
    'valve name=valve drop-mode=forward-sticky-events drop=true'
    # The newest picture wins if the encoder is too slow.
    ' ! queue name=queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
    ' ! {scaling} videoconvert ! {encoder} name=encoder'
    ' ! capsfilter caps="{caps}" ! h264parse'
)
LAG = 12_000
"""
Nanoseconds by which pictures of the small layer are later, more than one unit of RTP time: a
receiver that changes from layer to layer takes two pictures with the same time for one.
"""

SCALING = 'videoscale ! capsfilter caps="video/x-raw,width={},height={}" !'


class LayerEncoder:
    """
    Encode pictures of `size` for `layer` with an encoder of `kind`, while it has viewers.

    `element` goes into the capture and has the pads `sink` and `src`. `fps` is the rate at which
    the pictures come; some are left out if encoding all of them takes too long, and of the small
    layer if there are too few bits for all.
    """

    def __init__(
        self, kind: EncoderKind, layer: Layer, size: tuple[int, int], fps: float, bitrate: int
    ) -> None:
        self._size = small_size(*size) if layer is Layer.SMALL else size
        self._kind = kind_for(layer, kind)
        self._interval = FrameDecimator(fps)
        self._layer, self._bitrate, self._announced_fps = layer, bitrate, fps
        self._rate, self._budget = FrameRate(fps), BitBudget()
        self._limiter = RateLimiter(self._kind.name)
        self._lock = threading.Lock()
        scaling = SCALING.format(*self._size) if layer is Layer.SMALL else ''
        description = CHAIN.format(scaling=scaling, encoder=self._kind.name, caps=ENCODED_CAPS)
        self.element: Element = Gst.parse_bin_from_description(description, True)
        self._encoder: Element = self.element.get_by_name('encoder')
        self._valve: Element = self.element.get_by_name('valve')
        self._queue: Element = self.element.get_by_name('queue')
        configure(self._kind, self._encoder, self._size, bitrate)
        self.set_bitrate(bitrate)
        pictures = self._queue.get_static_pad('src')
        pictures.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)
        if self._kind.quick:
            encoded = self.element.get_static_pad('src')
            encoded.add_probe(Gst.PadProbeType.BUFFER, self._on_encoded)
        declare(self.element.get_static_pad('src'), self._encoder)

    def set_watched(self, watched: bool) -> None:
        """Encode, or do not: a layer without viewers is not worth a core."""
        self._valve.set_property('drop', not watched)

    def set_bitrate(self, bitrate: int) -> None:
        """Change the bit rate (bit/s)."""
        with self._lock:
            self._bitrate = bitrate
            self._apply()

    def owns(self, element: Element) -> bool:
        """Return whether `element` is a part of this that fails by itself; the queue does not."""
        is_queue = element is self._queue
        return not is_queue and bool(element.has_as_ancestor(self.element))

    @property
    def _fps(self) -> float:
        """The rate of the pictures that are encoded."""
        return self._rate.value / self._interval.value

    def _apply(self) -> None:
        self._interval.fps = self._rate.value
        if self._layer is Layer.SMALL:
            self._interval.configure(*self._size, self._bitrate)
            self._interval.value = max(self._interval.value, self._limiter.interval)
        else:
            self._interval.value = self._limiter.interval
        scale = self._budget.factor
        if not self._kind.goes_by_times:
            scale *= self._announced_fps / max(self._fps, SLOWEST)
        set_bitrate(self._kind, self._encoder, self._bitrate, scale)

    def _on_picture(self, _: Pad, info: Element) -> object:
        """Measure the rate, and leave out some pictures."""
        buffer = info.get_buffer()
        self._limiter.begin()
        if buffer.offset == AGAIN:
            return Gst.PadProbeReturn.OK
        time = buffer.pts
        if time != Gst.CLOCK_TIME_NONE and self._rate.note(time / Gst.SECOND):
            with self._lock:
                self._apply()
        if not self._interval.is_due():
            return Gst.PadProbeReturn.DROP
        self._interval.restart()
        return Gst.PadProbeReturn.OK

    def _on_encoded(self, _: Pad, info: Element) -> object:
        with self._lock:
            bits = 8 * info.get_buffer().get_size()
            changed = self._budget.spend(bits, self._bitrate, self._fps)
            if self._limiter.end() or changed:
                self._apply()
        return Gst.PadProbeReturn.OK


class PictureFormat(NamedTuple):
    """The size and rate of raw pictures, and whether they can be made smaller here."""

    size: tuple[int, int]
    fps: float
    scalable: bool


class EncodedLayers:
    """
    Encode the pictures of the tee `pictures`: the full layer, and the small one once watched.

    `bitrate` (bit/s) is that of each layer at first. `place` puts an encoder between a pad of the
    tee and the end of its layer.
    """

    def __init__(
        self,
        kind: EncoderKind,
        pictures: Element,
        picture_format: PictureFormat,
        bitrate: int,
        place: Callable[[Layer, Pad, Element], None],
    ) -> None:
        self._kind = kind
        self._pictures = pictures
        self._format = picture_format
        self._bitrates = dict.fromkeys(Layer, bitrate)
        self._place = place
        self._encoders: dict[Layer, LayerEncoder] = {}
        self._pads: dict[Layer, Pad] = {}
        self._add(Layer.FULL, pictures.request_pad_simple('src_%u'))

    @property
    def has_small(self) -> bool:
        """Whether there is a small layer, or can be one."""
        return self._format.scalable

    def set_watched(self, layer: Layer, watched: bool) -> None:
        """Encode a layer, or do not."""
        if watched and layer not in self._encoders and self.has_small:
            self._add_small()
        if encoder := self._encoders.get(layer):
            encoder.set_watched(watched)

    def set_bitrate(self, layer: Layer, bitrate: int) -> None:
        """Change a layer's bit rate (bit/s)."""
        self._bitrates[layer] = bitrate
        if encoder := self._encoders.get(layer):
            encoder.set_bitrate(bitrate)

    def show_again(self, layer: Layer, picture: Element) -> None:
        """Encode a picture once more in `layer`, if that is encoded."""
        # By the tee's pad, which sends caps and segment first where no picture came before.
        if pad := self._pads.get(layer):
            pad.push(picture)

    def owns(self, element: Element) -> bool:
        """Return whether `element` belongs to an encoder, and may have failed by itself."""
        return any(encoder.owns(element) for encoder in self._encoders.values())

    def makes_small(self, element: Element) -> bool:
        """Return whether `element` makes the small layer, and may have failed at it."""
        encoder = self._encoders.get(Layer.SMALL)
        return encoder is not None and encoder.owns(element)

    def _add_small(self) -> None:
        pad = self._pictures.request_pad_simple('src_%u')
        # A camera that is asked for its format again may halt for it.
        pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, keep_format)
        # Before the encoder: a request for a keyframe now would cross it as one for another time.
        pad.set_offset(LAG)
        self._add(Layer.SMALL, pad)

    def _add(self, layer: Layer, pad: Pad) -> None:
        encoder = LayerEncoder(
            self._kind, layer, self._format.size, self._format.fps, self._bitrates[layer]
        )
        self._place(layer, pad, encoder.element)
        self._encoders[layer] = encoder
        self._pads[layer] = pad


def keep_format(_: Pad, info: Element) -> object:
    """Let no request for another format through; a probe of events that go upstream."""
    reconfigure = info.get_event().type == Gst.EventType.RECONFIGURE
    return Gst.PadProbeReturn.DROP if reconfigure else Gst.PadProbeReturn.OK


def kind_for(layer: Layer, kind: EncoderKind) -> EncoderKind:
    """
    Return the kind that encodes `layer` if `kind` encodes the full one.

    Hardware may not encode a second stream, and half the size costs a processor little.
    """
    software = KINDS['x264enc']
    if layer is Layer.SMALL and Gst.ElementFactory.find(software.name):
        return software
    return kind
