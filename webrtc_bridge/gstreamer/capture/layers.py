"""The encoders of raw pictures, one for each encoding that has viewers."""

from collections.abc import Callable

from webrtc_bridge.gstreamer.bitrates import ENCODINGS
from webrtc_bridge.gstreamer.capture.encoders import EncoderKind
from webrtc_bridge.gstreamer.capture.layer_encoder import (
    LayerEncoder,
    PictureFormat,
    keep_format,
    keep_format_from_now,
)
from webrtc_bridge.gstreamer.capture.newest_picture import NewestPicture
from webrtc_bridge.gstreamer.capture.source_bin import take_out
from webrtc_bridge.gstreamer.library import Element, Gst, Pad
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.frames import Codec, Encoding, Layer

LAG = 12_000
"""
Nanoseconds by which pictures of the small layer are later, more than one unit of RTP time: a
receiver that changes from layer to layer takes two pictures with the same time for one.
"""


class EncodedLayers:
    """
    Encode the pictures of the tee `pictures`: each encoding once it is watched.

    `bitrate` (bit/s) is that of each at first. `place` puts an encoder between a pad of the tee
    and the end of its encoding; `profile` decides on that of H.264. An encoder of H.264 stays, as
    viewers come back to it from another layer; one of VP8 ends with its last viewer.
    """

    def __init__(
        self,
        kind: EncoderKind,
        pictures: Element,
        picture_format: PictureFormat,
        bitrate: int,
        profile: ProfileChoice,
        place: Callable[[Encoding, Pad, Element], None],
    ) -> None:
        self._kind = kind
        self._pictures = pictures
        self._format = picture_format
        self._bitrates = dict.fromkeys(ENCODINGS, bitrate)
        self._profile = profile
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
        # A camera that is asked for its format again may halt for it: only the first encoder asks,
        # and only before it encodes.
        if self._encoders:
            pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, keep_format)
        else:
            pad.add_probe(Gst.PadProbeType.BUFFER, keep_format_from_now)
        encoder = LayerEncoder(
            self._kind, encoding, self._format, self._bitrates[encoding], self._profile
        )
        self._place(encoding, pad, encoder.element)
        self._encoders[encoding] = encoder
        self._pads[encoding] = pad

    def _remove(self, encoding: Encoding) -> None:
        encoder = self._encoders.pop(encoding)
        self._pictures.release_request_pad(self._pads.pop(encoding))
        take_out(encoder.element)
