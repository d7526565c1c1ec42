"""
A source and what makes H.264 and VP8 of it, as one element of the pipeline.

    pictures         -> tee -> encoder (capture/layers.py) -> H.264
                            -> encoder                     -> VP8, and half the size of both,
                                                              once somebody needs them
    H.264 that fits                                        -> H.264
      -> decoder (capture/passed.py), pictures -> tee, encoder -> bridge, until a keyframe
                                                   -> encoder  -> VP8, and half the size of it

The route (capture/route.py) to either, decoding or not, depends on what the source delivers.
"""

import logging
import time
from typing import Protocol

from webrtc_bridge.errors import SourceError, SourceUnreadable
from webrtc_bridge.gstreamer.bitrates import BRIDGE, ENCODINGS
from webrtc_bridge.gstreamer.capture.colours import completing, declare
from webrtc_bridge.gstreamer.capture.encoders import EncoderKind, is_available
from webrtc_bridge.gstreamer.capture.frame_rate import (
    WITH_RATE,
    declared_rate,
    is_absurd,
    measure_rate,
)
from webrtc_bridge.gstreamer.capture.layer_encoder import PictureFormat
from webrtc_bridge.gstreamer.capture.layers import EncodedLayers
from webrtc_bridge.gstreamer.capture.live_time import ArrivalTimes
from webrtc_bridge.gstreamer.capture.newest_picture import NewestPicture
from webrtc_bridge.gstreamer.capture.passed import DECODERS, PassedStream, best_decoder
from webrtc_bridge.gstreamer.capture.recording import RecordingTime
from webrtc_bridge.gstreamer.capture.route import Route
from webrtc_bridge.gstreamer.capture.shape import shape_of
from webrtc_bridge.gstreamer.capture.source import SourceDescription
from webrtc_bridge.gstreamer.capture.source_bin import put
from webrtc_bridge.gstreamer.capture.tail import Tail
from webrtc_bridge.gstreamer.library import Element, Gst, GstVideo, Pad, Structure
from webrtc_bridge.gstreamer.structures import first_structure
from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.frames import Codec, Encoding, Layer

FULL = Encoding(Codec.H264)

SILENCE = 5.0
'Seconds without a picture after which a source is taken for hung.'

DEFAULT_RATE = 30.0
'Pictures a second where neither the source nor the user tells.'

SYSTEM_MEMORY = 'memory:SystemMemory'
'Memory of pictures that can be made smaller; those in a hardware decoder cannot, here.'

logger = logging.getLogger(__name__)


class CaptureListener(Protocol):
    """Receives the events of a capture, in threads of GStreamer."""

    def on_bitrate(self, bitrate: int) -> None:
        """Take the highest bit rate (bit/s) of what is encoded, 0 if nothing is."""

    def on_flowing(self) -> None:
        """Note that pictures arrive."""

    def on_failed(self, error: SourceError) -> None:
        """Note that no more pictures will arrive."""


class Capture:
    """
    Make H.264 of `source` with encoders of `kind`, and VP8.

    A `bitrate` of 0 takes what the size asks for. `element` goes into the pipeline, `pads` are its
    ends. Nothing is encoded before it is watched. A capture is used once: after an error, or
    `on_failed`, another takes its place.

    Raises: RequirementError for elements that are not installed, SourceNotFound for elements that
    cannot be put together.
    """

    def __init__(
        self,
        source: SourceDescription,
        kind: EncoderKind,
        bitrate: int,
        listener: CaptureListener,
    ) -> None:
        self._source = source
        self._kind = kind
        self._bitrate = bitrate
        self._listener = listener
        self._layers: EncodedLayers | None = None
        self._newest: NewestPicture | None = None
        self._passed: PassedStream | None = None
        self._passes = False
        self._watched: set[Encoding] = set()
        self._profile = ProfileChoice()
        self.element: Element = Gst.Bin.new('capture')
        self._tails = {
            encoding: Tail(self.element, encoding.codec, self._on_end) for encoding in ENCODINGS
        }
        self.pads = {encoding: tail.pad for encoding, tail in self._tails.items()}
        self._tails[FULL].src.add_probe(Gst.PadProbeType.BUFFER, self._first_picture)
        self._route = Route(
            self.element, source, self._encode_at_rate, self._pass_through, listener.on_failed
        )
        self._route.start()

    def encodes(self, encoding: Encoding) -> bool:
        """Return whether `encoding` is made of pictures here, or can be."""
        passed = self._passes and encoding.codec is Codec.H264
        if encoding.bridge is not passed or not is_available(encoding.codec):
            return False
        if encoding.layer is Layer.SMALL:
            return self._layers is not None and self._layers.has_small
        return self.has_bridge or not self._passes

    @property
    def has_bridge(self) -> bool:
        """Whether the source's own H.264 passes through, with a bridge between keyframes."""
        return self._passed is not None

    def set_watched(self, encoding: Encoding, watched: bool) -> None:
        """Encode `encoding`, or do not."""
        change = self._watched.add if watched else self._watched.discard
        change(encoding)
        if self._layers and self.encodes(encoding):
            self._layers.set_watched(encoding, watched)
        if self._passed:
            self._passed.decode(any(map(self.encodes, self._watched)))

    def allow_high_profile(self, allowed: bool) -> None:
        """Encode H.264 in the High profile, or no longer; the change starts with a keyframe."""
        self._profile.note(allowed, time.monotonic())

    def set_bitrate(self, encoding: Encoding, bitrate: int) -> None:
        """Change the bit rate (bit/s) of an encoding; what passes through stays as it is."""
        if self._layers:
            self._layers.set_bitrate(encoding, bitrate)

    def request_keyframe(self, encoding: Encoding) -> None:
        """Ask the encoder, or a camera that understands it, for a keyframe."""
        # Without all headers: they come with every keyframe anyway, and the payloader would put
        # them before the next picture, too.
        event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, False, 0)
        self._tails[encoding].src.send_event(event)

    @property
    def newest(self) -> int | None:
        """The time (ns) of the newest picture that can be encoded again, if there is one."""
        return self._newest.time if self._newest else None

    def show_again(self, encoding: Encoding, time_ns: int) -> None:
        """Encode the newest picture once more, unless there is one after `time_ns`."""
        if not self._layers or not self._newest or self._newest.time != time_ns:
            return
        if encoding in self._watched:
            self._layers.show_again(encoding, self._newest)

    def makes_bridge(self, element: Element) -> bool:
        """Return whether `element` makes the bridge, without which video goes on."""
        if self._passed is None:
            return False
        return self.encoding_of(element) == BRIDGE or self._passed.owns(element)

    def encoding_of(self, element: Element) -> Encoding | None:
        """Return the encoding that `element` makes, and may have failed at by itself."""
        return self._layers.encoding_of(element) if self._layers else None

    def _pass_through(self, pad: Pad, structure: Structure) -> None:
        self._passes = True
        profile = structure.get_string('profile')
        logger.info('source: passing its own H.264 (%s) through; no encoder runs', profile)
        if best_decoder():
            end = self._tails[FULL].src
            self._passed = PassedStream(self.element, end, self._encode_bridge)
        else:
            logger.warning(
                'no H.264 decoder (%s): viewers that join wait for the next keyframe',
                ', '.join(DECODERS),
            )
        passed = self._put(pad, self._paced(pad))
        declare(passed)
        passed.link(self._tails[FULL].entry())
        self._listener.on_bitrate(0)

    def _encode_at_rate(self, pad: Pad, structure: Structure) -> None:
        """Encode raw pictures, at their true rate if that in their caps cannot be true."""
        fps = declared_rate(structure) or self._source.fps or DEFAULT_RATE
        if not is_absurd(fps):
            self._encode(pad, fps)
            return

        def encode_at(true_fps: float) -> None:
            rate = max(1, round(true_fps))
            logger.info('source: its pictures come at %d fps, not at %g', rate, fps)
            try:
                self._encode(pad, rate, WITH_RATE.format(rate))
            except SourceError as error:
                self._listener.on_failed(error)

        if self._source.fps:
            encode_at(self._source.fps)
        else:
            measure_rate(pad, encode_at)

    def _encode(self, pad: Pad, fps: float, first: str = '') -> None:
        scalable = pad.get_current_caps().get_features(0).contains(SYSTEM_MEMORY)
        elements, size = shape_of(pad)
        chain = [first, self._paced(pad, fps)]
        if scalable:
            chain += [self._completion(pad), *elements]
        pictures = self._put(pad, ' ! '.join(filter(None, chain)))
        self._make_layers(pictures, PictureFormat(size, fps, scalable))
        # Nothing reaches the tail before there is a viewer.
        self._listener.on_flowing()

    def _encode_bridge(self, pad: Pad) -> None:
        """Encode the decoded pictures of what passes through."""
        structure = first_structure(pad.get_current_caps())
        fps = declared_rate(structure)
        rate = DEFAULT_RATE if fps is None or is_absurd(fps) else fps
        completion = self._completion(pad)
        pictures = self._put(pad, completion) if completion else pad
        self._make_layers(pictures, PictureFormat(shape_of(pad).size, rate, scalable=True))

    def _completion(self, pad: Pad) -> str:
        return completing(first_structure(pad.get_current_caps()), self._route.full_range)

    def _make_layers(self, pad: Pad, picture_format: PictureFormat) -> None:
        """Encode the pictures of `pad` from now on, as far as they are watched."""
        size, fps, _ = picture_format
        bitrate = self._bitrate or automatic_bitrate(*size, fps)
        name = self._kind.name
        logger.info('encoding %dx%d with %s, %d kbit/s', *size, name, bitrate // 1000)
        pictures = Gst.ElementFactory.make('tee')
        self._put(pad, pictures)
        layers = EncodedLayers(
            self._kind, pictures, picture_format, bitrate, self._profile, self._place
        )
        if not self._passes:
            layers.prepare(FULL)
        for encoding in ENCODINGS:
            if encoding in self._watched and self.encodes(encoding):
                layers.set_watched(encoding, True)
        self._newest = NewestPicture(self.element, pictures)
        self._layers = layers
        self._listener.on_bitrate(bitrate)

    def _place(self, encoding: Encoding, pad: Pad, encoder: Element) -> None:
        self._put(pad, encoder).link(self._tails[encoding].entry())

    def _put(self, pad: Pad, chain: Element | str) -> Pad:
        return put(self.element, self._source, pad, chain)

    def _paced(self, pad: Pad, fps: float = 0.0) -> str:
        """Return the first elements: they detect silence, and keep a file's pace."""
        fps = self._source.fps or fps
        timeout = int(1000 * max(SILENCE, 3 / fps if fps else 0))
        watchdog = f'watchdog timeout={timeout}'
        query = Gst.Query.new_latency()
        if pad.query(query) and query.parse_latency()[0]:
            ArrivalTimes(pad, self.element.get_current_running_time)
            return watchdog
        # A recording's time starts at 0, the viewers' did not.
        RecordingTime(pad, self.element.get_current_running_time(), self._source.shown)
        return watchdog + ' ! clocksync'

    def _on_end(self) -> None:
        self._listener.on_failed(SourceUnreadable(self._source.shown, 'it has ended'))

    def _first_picture(self, _: Pad, info: Element) -> object:
        self._listener.on_flowing()
        return Gst.PadProbeReturn.REMOVE
