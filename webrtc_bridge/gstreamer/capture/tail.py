"""The end of one encoding in a capture."""

from collections.abc import Callable

from webrtc_bridge.gstreamer.capture.route import STREAM_CAPS
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.frames import Codec

TAILS = {
    Codec.H264: f'capsfilter caps="{STREAM_CAPS}" ! identity silent=true single-segment=true',
    Codec.VP8: 'identity silent=true single-segment=true',
}
"""
An encoder's times start anywhere, as its segment says. webrtcbin (its rtpfunnel) heeds only the
first segment of a viewer: sender reports would be wrong after a change of encoder.
"""


class Tail:
    """
    Let the frames of `codec` leave `bin_`, whose pad for them is `pad`.

    They come from one element or from several, of which one may end while the next one starts.
    `src` is where the frames pass. `on_end` is called in place of the end of a stream, in a thread
    of GStreamer.
    """

    def __init__(self, bin_: Element, codec: Codec, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._funnel: Element = Gst.ElementFactory.make('funnel')
        tail = Gst.parse_bin_from_description(TAILS[codec], True)
        bin_.add(self._funnel)
        bin_.add(tail)
        self._funnel.link(tail)
        self.src: Pad = tail.get_static_pad('src')
        self.src.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_event)
        self.pad: Pad = Gst.GhostPad.new(None, self.src)
        bin_.add_pad(self.pad)

    def entry(self) -> Pad:
        """Return a new pad for frames."""
        return self._funnel.request_pad_simple('sink_%u')

    def _on_event(self, _: Pad, info: Element) -> object:
        if info.get_event().type != Gst.EventType.EOS:
            return Gst.PadProbeReturn.OK
        self._on_end()
        return Gst.PadProbeReturn.DROP
