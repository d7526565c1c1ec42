"""The encoder of one layer, from raw pictures to H.264, as one element of a capture."""

from webrtc_bridge.gstreamer.encoders import (
    ENCODED_CAPS,
    KINDS,
    EncoderKind,
    configure,
    set_bitrate,
)
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.frames import Layer

CHAIN = (
    'valve name=valve drop-mode=forward-sticky-events drop=true'
    # Newest wins where the encoder is too slow.
    ' ! queue name=queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0'
    ' ! {scaling} videoconvert ! {encoder} name=encoder'
    ' ! capsfilter caps="{caps}" ! h264parse'
)
SCALING = 'videoscale ! capsfilter caps="video/x-raw,width={},height={}" !'


class LayerEncoder:
    """
    Encodes pictures of `size` for `layer` with an encoder of `kind`, while it is watched.

    `element` goes into the capture and has the pads `sink` and `src`. `fps` is the rate at which
    the pictures come; of the small layer some are left out where there are too few bits for all.
    """

    def __init__(
        self, kind: EncoderKind, layer: Layer, size: tuple[int, int], fps: float, bitrate: int
    ) -> None:
        self._size = small_size(*size) if layer is Layer.SMALL else size
        self._kind = kind_for(layer, kind)
        self._interval = FrameDecimator(fps)
        scaling = SCALING.format(*self._size) if layer is Layer.SMALL else ''
        description = CHAIN.format(scaling=scaling, encoder=self._kind.name, caps=ENCODED_CAPS)
        self.element: Element = Gst.parse_bin_from_description(description, True)
        self._encoder: Element = self.element.get_by_name('encoder')
        self._valve: Element = self.element.get_by_name('valve')
        self._queue: Element = self.element.get_by_name('queue')
        configure(self._kind, self._encoder, bitrate)
        if layer is Layer.SMALL:
            pictures = self._queue.get_static_pad('src')
            pictures.add_probe(Gst.PadProbeType.BUFFER, self._leave_out)
            self.set_bitrate(bitrate)

    def set_watched(self, watched: bool) -> None:
        """Encode, or don't: what nobody watches is not worth a core."""
        self._valve.set_property('drop', not watched)

    def set_bitrate(self, bitrate: int) -> None:
        """Change the bit rate (bit/s)."""
        self._interval.follow(*self._size, bitrate)
        # The encoder takes it that all pictures come: measured, x264enc makes as few bits less as
        # there are fewer of them.
        set_bitrate(self._kind, self._encoder, bitrate * self._interval.value)

    def owns(self, element: Element) -> bool:
        """Say whether `element` is part of this, and no queue: these repeat what failed behind."""
        is_queue = element is self._queue
        return not is_queue and bool(element.has_as_ancestor(self.element))

    def _leave_out(self, _: Pad, __: object) -> object:
        if not self._interval.is_due():
            return Gst.PadProbeReturn.DROP
        self._interval.restart()
        return Gst.PadProbeReturn.OK


def kind_for(layer: Layer, kind: EncoderKind) -> EncoderKind:
    """
    Return the kind that encodes `layer` where `kind` encodes the full one.

    Hardware may encode no second stream, and half the size costs a processor little.
    """
    software = KINDS['x264enc']
    if layer is Layer.SMALL and Gst.ElementFactory.find(software.name):
        return software
    return kind
