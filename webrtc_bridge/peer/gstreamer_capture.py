"""
A source and what makes H.264 of it, as one element of the pipeline.

    camera           -> valve -> queue -> videoconvert -> encoder -> h264parse -> tail
    H.264 that fits                                                                -> tail
    anything else    -> decodebin -> as from a camera

What the source delivers is known when its caps come, so that is when the way is built: in the
thread that delivers them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from webrtc_bridge.errors import SourceError, SourceNotFound, SourceUnreadable
from webrtc_bridge.peer.gstreamer_encoders import (
    ENCODED_CAPS,
    EncoderKind,
    configure,
    set_bitrate,
)
from webrtc_bridge.peer.gstreamer_library import (
    Element,
    Gst,
    GstVideo,
    Pad,
    Structure,
    element_names,
    require_elements,
)
from webrtc_bridge.peer.gstreamer_source import SourceDescription, shown

FITTING_PROFILES = ('constrained-baseline', 'baseline')
"""
What every viewer takes, as the offer says. Cameras that call theirs baseline mean the constrained
one: nobody ever built the rest of it.
"""

STREAM_CAPS = 'video/x-h264,stream-format=byte-stream,alignment=au'

SILENCE = 5.0
'Seconds without a picture after which a source is taken for hung.'

BITS_PER_PIXEL = 0.11
LOWEST_BITRATE, HIGHEST_BITRATE = 200_000, 20_000_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaptureEvents:
    """What a capture tells, in threads of GStreamer; `on_bitrate` gets the encoder's highest."""

    on_flowing: Callable[[], None]
    on_failed: Callable[[SourceError], None]
    on_bitrate: Callable[[int], None]


class Capture:
    """
    Makes H.264 of `source` with an encoder of `kind`; `bitrate` 0 takes what the size asks for.

    `element` goes into the pipeline and has one pad, `src`. A capture is used once: after an
    error, or `on_failed`, another takes its place.

    Raises: RequirementError for elements that are not installed, SourceNotFound for elements that
    cannot be put together.
    """

    def __init__(
        self,
        source: SourceDescription,
        kind: EncoderKind,
        bitrate: int,
        watched: bool,
        events: CaptureEvents,
    ) -> None:
        self._source = source
        self._kind = kind
        self._bitrate = bitrate
        self._watched = watched
        self._events = events
        self._encoder: Element = None
        self._valve: Element = None
        self._way_chosen = False
        self.element: Element = Gst.Bin.new('capture')
        self._tail = self._add('capsfilter', caps=Gst.Caps.from_string(STREAM_CAPS))
        self._end: Pad = self._tail.get_static_pad('sink')
        tail = self._tail.get_static_pad('src')
        tail.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._keep_end_from_viewers)
        tail.add_probe(Gst.PadProbeType.BUFFER, self._first_picture)
        self.element.add_pad(Gst.GhostPad.new('src', tail))
        self._add_source()

    def set_watched(self, watched: bool) -> None:
        """Encode, or don't: what nobody watches is not worth a core."""
        self._watched = watched
        if self._valve is not None:
            self._valve.set_property('drop', not watched)

    def set_bitrate(self, bitrate: int) -> None:
        """Change the encoder's bit rate; what passes through stays as it is."""
        if self._encoder is not None:
            set_bitrate(self._kind, self._encoder, bitrate)

    def request_keyframe(self) -> None:
        """Ask the encoder, or a camera that understands it, for a keyframe."""
        # Not with all headers: they come with every keyframe anyway, and the payloader would put
        # them before the next picture, too.
        event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, False, 0)
        self._tail.get_static_pad('src').send_event(event)

    def _add_source(self) -> None:
        require_elements(*element_names(self._source.elements))
        try:
            source = Gst.parse_bin_from_description(self._source.elements, False)
        except Exception as error:  # GLib.Error, which not every gi has under one name
            reason = shown(str(getattr(error, 'message', error)))
            raise SourceNotFound(self._source.shown, reason) from error
        self.element.add(source)
        pad = source.find_unlinked_pad(Gst.PadDirection.SRC)
        if pad is None:
            self._wait_for_pads(source)
            return
        ghost = Gst.GhostPad.new('src', pad)
        source.add_pad(ghost)
        if self._source.caps:
            caps = self._add('capsfilter', caps=Gst.Caps.from_string(self._source.caps))
            ghost.link(caps.get_static_pad('sink'))
            ghost = caps.get_static_pad('src')
        self._follow(ghost)

    def _wait_for_pads(self, source: Element) -> None:
        """Follow the pads that the last elements of `source` get once they know their stream."""
        waiting = False
        for element in source.iterate_elements():
            if any(
                template.direction == Gst.PadDirection.SRC
                and template.presence == Gst.PadPresence.SOMETIMES
                for template in element.get_pad_template_list()
            ):
                element.connect('pad-added', self._on_pad_added, source)
                waiting = True
        if not waiting:
            reason = 'its last element delivers nothing: a source or filter has to stand there'
            raise SourceNotFound(self._source.shown, reason)

    def _on_pad_added(self, element: Element, pad: Pad, source: Element) -> None:
        if pad.direction != Gst.PadDirection.SRC or pad.is_linked():
            return
        ghost = Gst.GhostPad.new(None, pad)
        ghost.set_active(True)
        source.add_pad(ghost)
        self._follow(ghost)

    def _follow(self, pad: Pad, parsed: bool = False) -> None:
        """Build the way on from `pad` once its caps are known, which may be now."""

        def on_caps(*_: object) -> None:
            caps = pad.get_current_caps()
            if caps is None or pad.is_linked():
                return
            try:
                self._continue(pad, caps.get_structure(0), parsed)
            except SourceError as error:
                self._events.on_failed(error)

        pad.connect('notify::caps', on_caps)
        on_caps()

    def _continue(self, pad: Pad, structure: Structure, parsed: bool) -> None:
        name = structure.get_name()
        if not is_video(structure) or self._way_chosen:
            self._put(pad, 'fakesink sync=false async=false')
        elif name == 'video/x-raw':
            self._encode(pad, structure)
        elif name == 'application/x-rtp' and structure.get_string('encoding-name') == 'H264':
            self._follow(self._put(pad, f'rtph264depay ! {PARSE}'), parsed=True)
        elif name == 'video/x-h264' and not parsed:
            self._follow(self._put(pad, PARSE), parsed=True)
        elif name == 'video/x-h264' and structure.get_string('profile') is None:
            pass  # its parameter sets, and then its full caps, are still to come
        elif name == 'video/x-h264' and structure.get_string('profile') in FITTING_PROFILES:
            self._pass_through(pad, structure)
        else:
            self._decode(pad, structure)

    def _pass_through(self, pad: Pad, structure: Structure) -> None:
        self._way_chosen = True
        profile = structure.get_string('profile')
        logger.info('source: its own H.264 (%s) goes out as it is, no encoder runs', profile)
        self._put(pad, self._paced(pad) + 'identity silent=true').link(self._end)

    def _decode(self, pad: Pad, structure: Structure) -> None:
        profile = structure.get_string('profile')
        what = structure.get_name() + (f' ({profile} profile)' if profile else '')
        logger.info('source: %s is decoded and encoded anew', what)
        decoder = Gst.ElementFactory.make('decodebin')
        decoder.connect('pad-added', lambda _, found: self._follow(found))
        self._put(pad, decoder)

    def _encode(self, pad: Pad, structure: Structure) -> None:
        self._way_chosen = True
        bitrate = self._bitrate or wanted_bitrate(structure, self._source.fps)
        size = f'{structure.get_int("width")[1]}x{structure.get_int("height")[1]}'
        logger.info('encoding %s with %s, %d kbit/s', size, self._kind.name, bitrate // 1000)
        chain = Gst.parse_bin_from_description(
            self._paced(pad) + 'valve name=valve drop-mode=forward-sticky-events'
            # Newest wins where the encoder is too slow.
            ' ! queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
            f' ! videoconvert ! {self._kind.name} name=encoder'
            f' ! capsfilter caps="{ENCODED_CAPS}" ! h264parse',
            True,
        )
        self._encoder = chain.get_by_name('encoder')
        configure(self._kind, self._encoder, bitrate)
        self._valve = chain.get_by_name('valve')
        self._valve.set_property('drop', not self._watched)
        self._put(pad, chain).link(self._end)
        self._events.on_bitrate(bitrate)
        # Nothing reaches the tail before somebody watches.
        self._events.on_flowing()

    def _paced(self, pad: Pad) -> str:
        """Return the first elements of the way: they notice silence, and keep a file's pace."""
        fps = self._source.fps
        timeout = int(1000 * max(SILENCE, 3 / fps if fps else 0))
        watchdog = f'watchdog timeout={timeout} ! '
        query = Gst.Query.new_latency()
        if pad.query(query) and query.parse_latency()[0]:
            return watchdog
        # A recording's time begins at 0, the viewers' went on.
        pad.set_offset(self.element.get_current_running_time())
        return watchdog + 'clocksync ! '

    def _put(self, pad: Pad, chain: Element | str) -> Pad:
        """Put `chain`, perhaps to be made of its text, behind `pad`; return its `src` pad."""
        if isinstance(chain, str):
            chain = Gst.parse_bin_from_description(chain, True)
        self.element.add(chain)
        chain.sync_state_with_parent()
        if pad.link(chain.get_static_pad('sink')) != Gst.PadLinkReturn.OK:
            raise SourceUnreadable(self._source.shown, 'its video has a form that nothing takes')
        return chain.get_static_pad('src')

    def _add(self, name: str, **properties: object) -> Element:
        element = Gst.ElementFactory.make(name)
        for key, value in properties.items():
            element.set_property(key, value)
        self.element.add(element)
        return element

    def _keep_end_from_viewers(self, _: Pad, info: Element) -> object:
        if info.get_event().type != Gst.EventType.EOS:
            return Gst.PadProbeReturn.OK
        self._events.on_failed(SourceUnreadable(self._source.shown, 'it has ended'))
        return Gst.PadProbeReturn.DROP

    def _first_picture(self, _: Pad, info: Element) -> object:
        self._events.on_flowing()
        return Gst.PadProbeReturn.REMOVE


PARSE = f'h264parse config-interval=-1 ! capsfilter caps="{STREAM_CAPS}"'
"""
Every keyframe gets its parameter sets here, once: who joins later has not seen the earlier ones,
and a payloader would put them before each of its slices, where receivers see a new picture begin.
"""


def is_video(structure: Structure) -> bool:
    """Say whether a stream may be video; a multiplex of several is to be taken apart first."""
    name = structure.get_name()
    if name == 'application/x-rtp':
        return bool(structure.get_string('media') == 'video')
    return not name.startswith(('audio/', 'text/', 'subpicture/', 'application/x-meta'))


def wanted_bitrate(structure: Structure, fps: float) -> int:
    """Return the bit rate that pictures of this size ask for."""
    found, numerator, denominator = structure.get_fraction('framerate')
    rate = numerator / denominator if found and numerator and denominator else fps or 30.0
    pixels = structure.get_int('width')[1] * structure.get_int('height')[1]
    return int(min(max(BITS_PER_PIXEL * pixels * rate, LOWEST_BITRATE), HIGHEST_BITRATE))
