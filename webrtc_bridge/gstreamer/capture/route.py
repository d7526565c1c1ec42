"""
The route from a source to pictures to encode, or to H.264 that passes through.

    pictures, H.264 that fits -> as they are
    RTP with H.264 or H.265   -> their depayloader and parser
    other H.264               -> h264parse, which tells its profile
    anything else             -> decodebin; also H.264 that is not upright

What a source delivers is known when its caps come. That is when the elements behind it are made:
in the thread that delivers them.
"""

import logging
from collections.abc import Callable

from webrtc_bridge.errors import SourceError
from webrtc_bridge.gstreamer.capture.colours import declares_full_range
from webrtc_bridge.gstreamer.capture.live_time import CameraTimes, RisingTimes
from webrtc_bridge.gstreamer.capture.shape import is_in_shape
from webrtc_bridge.gstreamer.capture.source import SourceDescription
from webrtc_bridge.gstreamer.capture.source_bin import add_source, put
from webrtc_bridge.gstreamer.library import Element, Gst, GstVideo, Pad, Structure
from webrtc_bridge.gstreamer.structures import first_structure

FITTING_PROFILES = ('constrained-baseline', 'baseline')
"""
The profiles that every viewer decodes, as in the offer. Cameras that name theirs baseline mean the
constrained one: nobody ever built the rest of it.
"""

STREAM_CAPS = 'video/x-h264,stream-format=byte-stream,alignment=au'

PARSE = f'h264parse config-interval=-1 ! capsfilter caps="{STREAM_CAPS}"'
"""
Every keyframe gets its parameter sets here, once: viewers that join later have not seen earlier
ones, and a payloader would put them before each slice, where receivers would see a new picture.
"""

DEPAYLOADERS = {'H264': f'rtph264depay ! {PARSE}', 'H265': 'rtph265depay ! h265parse'}
"""
By the name of the encoding in RTP; decodebin has all. Where pictures may be decoded out of order,
their own times are compared with those of arrival before they wait in the decoder.
"""

logger = logging.getLogger(__name__)


class Route:
    """
    Add the elements from `source` to its video to `bin_`.

    `on_pictures` or `on_h264` gets the pad of the first video that is found, once its first frame
    is there, and its caps; `on_failed` gets the error of one that cannot be used. All are called
    in threads of GStreamer.
    """

    def __init__(
        self,
        bin_: Element,
        source: SourceDescription,
        on_pictures: Callable[[Pad, Structure], None],
        on_h264: Callable[[Pad, Structure], None],
        on_failed: Callable[[SourceError], None],
    ) -> None:
        self.full_range = False
        'Whether the H.264 of the source declares pictures of the full range.'

        self._bin = bin_
        self._source = source
        self._on_pictures = on_pictures
        self._on_h264 = on_h264
        self._on_failed = on_failed
        self._found: Pad | None = None

    def start(self) -> None:
        """
        Add the source itself.

        Raises: RequirementError for elements that are not installed, SourceNotFound for elements
        that cannot be put together.
        """
        self._bin.connect('deep-element-added', self._on_element)
        add_source(self._bin, self._source, self._extend)

    def _extend(self, pad: Pad, parsed: bool = False) -> None:
        """Add the next elements behind `pad` once its caps are known, which may be now."""

        def on_caps(*_: object) -> None:
            caps = pad.get_current_caps()
            if caps is None or pad.is_linked() or pad is self._found:
                return
            self._try(lambda: self._extend_for(pad, first_structure(caps), parsed))

        pad.connect('notify::caps', on_caps)
        on_caps()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except SourceError as error:
            self._on_failed(error)

    def _extend_for(self, pad: Pad, structure: Structure, parsed: bool) -> None:
        name = structure.get_name()
        if not is_video(structure) or self._found is not None:
            self._put(pad, 'fakesink sync=false async=false')
        elif name == 'video/x-raw':
            if self._source.camera_times:
                RisingTimes(pad)
            self._await_frame(pad, lambda: self._on_pictures(pad, structure))
        elif name == 'application/x-rtp' and structure.get_string('encoding-name') in DEPAYLOADERS:
            frames = self._put(pad, DEPAYLOADERS[structure.get_string('encoding-name')])
            frames.add_probe(Gst.PadProbeType.BUFFER, ask_for_keyframe)
            self._translate_times(frames)
            self._extend(frames, parsed=True)
        elif name == 'video/x-h264' and not parsed:
            self._extend(self._put(pad, PARSE), parsed=True)
        elif name == 'video/x-h264' and structure.get_string('profile') is None:
            pass  # its parameter sets, and then its full caps, will follow
        elif name == 'video/x-h264' and structure.get_string('profile') in FITTING_PROFILES:
            self._await_frame(pad, lambda: self._pass_or_decode(pad, structure))
        else:
            self._decode(pad, structure)

    def _translate_times(self, pad: Pad) -> None:
        """Make running times of the camera's own at `pad`, if the source has them."""
        if self._source.camera_times:
            CameraTimes(pad, self._bin.get_current_running_time)

    def _await_frame(self, pad: Pad, then: Callable[[], None]) -> None:
        """Choose `pad`; call `then` with its first frame, before which its tags have come."""
        self._found = pad

        def on_frame(_: Pad, __: Element) -> object:
            self._try(then)
            return Gst.PadProbeReturn.REMOVE

        pad.add_probe(Gst.PadProbeType.BUFFER, on_frame)

    def _pass_or_decode(self, pad: Pad, structure: Structure) -> None:
        if is_in_shape(pad):
            self._on_h264(pad, structure)
            return
        self._found = None
        self._decode(pad, structure)

    def _decode(self, pad: Pad, structure: Structure) -> None:
        profile = structure.get_string('profile')
        what = structure.get_name() + (f' ({profile} profile)' if profile else '')
        logger.info('source: %s is decoded and encoded again', what)
        decoder = Gst.ElementFactory.make('decodebin')
        in_packets = structure.get_name() == 'application/x-rtp'

        def on_pad_added(_: Element, found: Pad) -> None:
            if in_packets:
                self._translate_times(found)
            self._extend(found)

        decoder.connect('pad-added', on_pad_added)
        self._put(pad, decoder)

    def _put(self, pad: Pad, chain: Element | str) -> Pad:
        return put(self._bin, self._source, pad, chain)

    def _on_element(self, _: Element, __: Element, added: Element) -> None:
        """Look for the range of any H.264, also inside of elements such as decodebin."""
        factory = added.get_factory()
        if factory and factory.get_name() == 'h264parse' and self._found is None:
            pad = added.get_static_pad('src')
            pad.add_probe(Gst.PadProbeType.BUFFER, self._note_range)

    def _note_range(self, _: Pad, info: Element) -> object:
        declared = declares_full_range(info.get_buffer())
        if declared is None:
            return Gst.PadProbeReturn.OK
        self.full_range = declared
        return Gst.PadProbeReturn.REMOVE


def ask_for_keyframe(pad: Pad, info: Element) -> object:
    """
    Ask a camera that was joined between its keyframes for one, with the first frame at `pad`.

    It gets a PLI if its SDP offers that (RFC 4585, 6.3.1).
    """
    if info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT):
        pad.send_event(
            GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, False, 0)
        )
    return Gst.PadProbeReturn.REMOVE


def is_video(structure: Structure) -> bool:
    """Return whether a stream may be video; a container is to be demultiplexed first."""
    name = structure.get_name()
    if name == 'application/x-rtp':
        return bool(structure.get_string('media') == 'video')
    return not name.startswith(('audio/', 'text/', 'subpicture/', 'application/x-meta'))
