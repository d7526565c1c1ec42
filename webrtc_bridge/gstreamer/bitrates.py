"""The encodings of a pipeline, and the bit rates of its layers within their bounds. Without gi."""

from collections.abc import Mapping

from webrtc_bridge.media.bandwidth.layer_allocation import SMALL_BELOW, Bounds
from webrtc_bridge.media.frames import Codec, Encoding, Layer

CODEC = Codec.H264
'The one codec that a pipeline encodes.'


BRIDGE = Encoding(CODEC, bridge=True)
'For viewers of what passes through, until its next keyframe.'

ENCODINGS = (Encoding(CODEC, Layer.FULL), Encoding(CODEC, Layer.SMALL), BRIDGE)
'All that a pipeline may deliver.'


class LayerBitrates:
    """
    Remember what the layers are encoded with, from one source to the next. All in bit/s.

    `lowest` is what a slow link may bring them down to; `highest`, what the source's pictures get
    at most, is 0 as long as nothing is encoded.
    """

    def __init__(self, lowest: int) -> None:
        self.highest = 0
        self._lowest = lowest
        self._limits: Mapping[Encoding, int] = {}

    def bounds(self, layered: bool) -> Mapping[Codec, Bounds]:
        """Return the bounds, where there is a small layer if `layered`."""
        if not self.highest:
            return {}
        if layered:
            return {CODEC: Bounds(self._lowest, self.highest)}
        # A viewer whose link carries less than half of the full layer gets gaps: there is no
        # small one for it, and the others should not suffer.
        lowest = max(self._lowest, int(SMALL_BELOW * self.highest))
        return {CODEC: Bounds(lowest, self.highest, layered=False)}

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        """Limit the layers to `rates`, and those left out to `highest` alone."""
        self._limits = dict(rates)

    def of(self, layer: Layer) -> int:
        """Return the bit rate that `layer` is encoded with."""
        return min(self._limits.get(Encoding(CODEC, layer), self.highest), self.highest)
