"""The encodings of a pipeline, and their bit rates within their bounds. Without gi."""

from collections.abc import Collection, Mapping

from webrtc_bridge.media.bandwidth.layer_allocation import SMALL_BELOW, Bounds
from webrtc_bridge.media.frames import Codec, Encoding, Layer

BRIDGE = Encoding(Codec.H264, bridge=True)
'For viewers of H.264 that passes through, until its next keyframe.'

ENCODINGS = (*(Encoding(codec, layer) for codec in Codec for layer in Layer), BRIDGE)
'All that a pipeline may deliver.'


class EncodingBitrates:
    """
    Remember what is encoded with which rate, from one source to the next. All in bit/s.

    `lowest` is what a slow link may bring an encoding down to; `highest`, what the source's
    pictures get at most, is 0 as long as nothing is encoded.
    """

    def __init__(self, lowest: int) -> None:
        self.highest = 0
        self._lowest = lowest
        self._limits: Mapping[Encoding, int] = {}

    def bounds(self, layered: Collection[Codec]) -> Mapping[Codec, Bounds]:
        """Return the bounds of all codecs; those that are `layered` have a small layer."""
        if not self.highest:
            return {}
        # A viewer whose link carries less than half of the full layer gets gaps where there is no
        # small one for it: the others should not suffer.
        alone = max(self._lowest, int(SMALL_BELOW * self.highest))
        return {
            codec: Bounds(self._lowest, self.highest)
            if codec in layered
            else Bounds(alone, self.highest, layered=False)
            for codec in Codec
        }

    def limit(self, rates: Mapping[Encoding, int]) -> None:
        """Limit encodings to `rates`, and those left out to `highest` alone."""
        self._limits = dict(rates)

    def of(self, encoding: Encoding) -> int:
        """Return the bit rate of `encoding`; a bridge has that of what it stands in for."""
        limited = encoding._replace(bridge=False)
        return min(self._limits.get(limited, self.highest), self.highest)
