"""H.264 that passes through, decoded for those who wait for its next keyframe."""

import contextlib
import threading
from collections.abc import Callable

from webrtc_bridge.gstreamer.capture.colours import bytes_of
from webrtc_bridge.gstreamer.capture.source_bin import unlinked_pad
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.recent_frames import MOST_FRAMES, RecentFrames
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.h264.grey_start import GreyStart
from webrtc_bridge.media.h264.units import IDR_SLICE, ParameterSets, kind, nal_units

ELEMENTS = (
    # A decoder that is too slow loses the oldest frames, and the picture, until a keyframe.
    'appsrc name=frames is-live=true format=time leaky-type=downstream max-bytes=0'
    f' max-buffers={2 * MOST_FRAMES}'
    ' caps="video/x-h264,stream-format=byte-stream,alignment=au" ! h264parse ! {decoder}'
)
DECODERS = ('avdec_h264', 'openh264dec')
"""
Software, which starts at once and has no other users. Not decodebin: whose states depend on its
data keeps a pipeline that waits for its states from playing.
"""

UNTIMED_STEP = 1_000_000
'Nanoseconds from a frame to the next if that has no time, as in RTSP after a gap.'


class PassedStream:
    """
    Keep the H.264 of `pad` since its last keyframe, and decode it while that is wanted.

    The decoder is added to `bin_` when it is first wanted. `on_pictures` gets its pad with the
    first picture, in a thread of GStreamer. The times at `pad` are running times.
    """

    def __init__(self, bin_: Element, pad: Pad, on_pictures: Callable[[Pad], None]) -> None:
        self._bin = bin_
        self._on_pictures = on_pictures
        self._lock = threading.Lock()
        self._parameter_sets = ParameterSets()
        self._recent = RecentFrames()
        self._wanted = False
        self._decodes = False
        self.newest_ns = 0
        'The time of the newest frame.'
        self._shown_from = 0
        self._grey: GreyStart | None = None
        self._decoder: Element = None
        pad.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)

    def owns(self, element: Element) -> bool:
        """Return whether `element` belongs to the decoder."""
        return self._decoder is not None and bool(element.has_as_ancestor(self._decoder))

    def decode(self, wanted: bool) -> None:
        """Decode from the newest keyframe on, or do not; from any thread."""
        with self._lock:
            self._wanted = wanted
            self._follow_demand()

    def _on_frame(self, _: Pad, info: Element) -> object:
        buffer = info.get_buffer()
        data = bytes_of(buffer)
        units = list(nal_units(data))
        keyframe = IDR_SLICE in map(kind, units)
        if not keyframe:
            # GStreamer takes a recovery point, or intra slices, for a keyframe. Browsers do not.
            buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
        self.newest_ns += UNTIMED_STEP
        if buffer.pts != Gst.CLOCK_TIME_NONE:
            self.newest_ns = buffer.pts
        frame = EncodedFrame(Codec.H264, data, keyframe, 0, self.newest_ns)
        with self._lock:
            self._parameter_sets.note(units)
            self._recent.add(frame)
            if self._decodes:
                self._feed(frame)
            self._follow_demand()
            if self._recent.overflowed:
                self._recent.drop()
        return Gst.PadProbeReturn.OK

    def _follow_demand(self) -> None:
        # What can be kept no longer has to be decoded, to be there for those who come.
        wanted = self._wanted or self._recent.overflowed
        if not wanted:
            self._decodes = False
        elif not self._decodes and self._recent.decodable:
            self._decodes = True
            self._start()

    def _start(self) -> None:
        """Let the decoder catch up; only the newest picture is shown."""
        frames = list(self._recent)
        self._shown_from = frames[-1].time_ns
        if self._decoder is None:
            self._decoder = self._add_decoder()
        if not frames[0].keyframe:
            self._feed_beginning(frames[0].time_ns)
        for frame in frames:
            self._feed(frame)

    def _feed_beginning(self, pts: int) -> None:
        """Give the decoder something in place of a keyframe that never came."""
        sets = self._parameter_sets
        data = b''
        if sets.first:
            with contextlib.suppress(ValueError):
                self._grey = GreyStart(*sets.first)
                data = self._grey.keyframe
        self._push(sets.before(data), pts)

    def _feed(self, frame: EncodedFrame) -> None:
        if frame.keyframe:
            self._grey = None
        data = self._grey.following(list(nal_units(frame.data))) if self._grey else frame.data
        self._push(data, frame.time_ns)

    def _push(self, data: bytes, pts: int) -> None:
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = pts
        self._decoder.get_by_name('frames').emit('push-buffer', buffer)

    def _add_decoder(self) -> Element:
        # Only now: while the capture starts, its state is changing, and what is added might be
        # left behind.
        decoder = Gst.parse_bin_from_description(ELEMENTS.format(decoder=best_decoder()), False)
        pictures = Gst.GhostPad.new('pictures', unlinked_pad(decoder))
        decoder.add_pad(pictures)
        pictures.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)
        self._bin.add(decoder)
        decoder.sync_state_with_parent()
        return decoder

    def _on_picture(self, pad: Pad, info: Element) -> object:
        if info.get_buffer().pts < self._shown_from:
            return Gst.PadProbeReturn.DROP
        if not pad.is_linked():
            self._on_pictures(pad)
        return Gst.PadProbeReturn.OK


def best_decoder() -> str:
    """Return the name of the H.264 decoder to take; empty if none is installed."""
    return next((name for name in DECODERS if Gst.ElementFactory.find(name)), '')
