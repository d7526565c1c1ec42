"""Make 8 bits of 16-bit values."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.pixels.depth import BLACK, WHITE
from webrtc_bridge.media.pixels.raw_image import Pixels, RawImage

DEPTHS = (10, 12, 14, 16)
'Bits that sensors deliver in the lower part of 16.'

MOST = (1 << 16) - 1


@dataclass(frozen=True)
class GreyRange:
    """
    A linear scale from black at `black` to white at `white`, values of mono16.

    A `white` of 0 takes what the bits in use can hold (`WideValues`), and ignores `black`.

    Raises: OptionError, unless `white` is 0 or beyond `black`.
    """

    black: int = 0
    white: int = 0

    def __post_init__(self) -> None:
        if self.white and self.white <= self.black:
            expected = f'0 (automatic) or more than mono16_black ({self.black})'
            raise OptionError('mono16_white', self.white, expected)

    def luma(self, image: RawImage) -> Pixels:
        """
        Return the luma, in the limited range, of an image in mono16; only with a `white`.

        Raises: ImageError.
        """
        shades: Pixels = self._shades[image.samples('u2')]
        return shades

    @cached_property
    def _shades(self) -> Pixels:
        scale = (WHITE - BLACK) / (self.white - self.black)
        exact = BLACK + (np.arange(MOST + 1) - self.black) * scale
        shades: Pixels = np.round(np.clip(exact, BLACK, WHITE)).astype(np.uint8)
        return shades


class WideValues:
    """
    Take the 8 bits of 16-bit values that matter, for the images of one source.

    Many sensors use only the lower 10, 12 or 14 bits, which no encoding of ROS tells. The number
    of bits in use is the least that holds all values so far, so the picture never flickers.
    """

    def __init__(self) -> None:
        self._bits = DEPTHS[0]
        self._kind: tuple[object, ...] = ()

    def narrowed(self, image: RawImage, encoding: str, channels: int) -> RawImage:
        """
        Return `image`, of `channels` 16-bit values for each pixel, in the 8-bit `encoding`.

        Raises: ImageError.
        """
        kind = (image.encoding, image.width, image.height)
        if kind != self._kind:
            self._kind, self._bits = kind, DEPTHS[0]
        rows = image.rows(2 * channels)
        upper = rows[:, 0 if image.is_bigendian else 1 :: 2]
        if self._bits < DEPTHS[-1]:
            used = 8 + int(upper.max()).bit_length()
            self._bits = max(self._bits, next(bits for bits in DEPTHS if bits >= used))
        if self._bits < DEPTHS[-1]:
            lower = rows[:, 1 if image.is_bigendian else 0 :: 2]
            shift = self._bits - 8
            upper = (upper << (8 - shift) | lower >> shift).astype(np.uint8)
        step = image.width * channels
        return RawImage(encoding, image.width, image.height, step, np.ascontiguousarray(upper))
